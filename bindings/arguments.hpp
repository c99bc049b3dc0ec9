// Takes the arguments of ops from Python, with errors that name op and argument.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/ops/number.hpp"
#include "operation.hpp"
#include "parameter.hpp"
#include "tensor.hpp"

namespace foundry::python {

/// Reads the arguments of one op: `Take("Gemv")(x, "x")`.
class Take {
 public:
  explicit Take(const char* op) : op_(op) {}

  /// A tensor; ArgumentTypeError if it is missing (None) or of another type.
  const AnyTensor& operator()(nb::handle value, const char* name) const {
    if (value.is_none()) throw ArgumentTypeError(concat(op_, ": argument '", name, "' is missing"));
    return tensor(value, name);
  }
  /// A tensor or, for None, an empty one.
  AnyTensor optional(nb::handle value, const char* name) const {
    return value.is_none() ? AnyTensor() : tensor(value, name);
  }
  /// A number of T's range, or a Parameter.
  template <class T>
  Scalar<T> scalar(nb::handle value, const char* name) const {
    return to_scalar<T>(op_, value, name);
  }
  /// Any number; ArgumentError for one that no dtype holds, ArgumentTypeError for anything else.
  ops::Number number(nb::handle value, const char* name) const {
    if (const auto number = to_parameter_value(value)) return *number;
    if (PyLong_Check(value.ptr())) {
      // Beyond 64 bits: a float type may take it. Not rounded to what an i64 holds.
      const double number = PyLong_AsDouble(value.ptr());
      if (!PyErr_Occurred()) return number == -0x1p63 ? std::nextafter(number, -0x1p64) : number;
      PyErr_Clear();
      throw ArgumentError(concat(op_, ": argument '", name, "' is ", text_of(value),
                                 "; expected a number that a dtype holds"));
    }
    refuse(value, name, "number");
  }
  /// One stage or none.
  std::optional<Stage> stage(nb::handle value, const char* name) const {
    if (value.is_none()) return std::nullopt;
    return operation(value, name).stage();
  }
  /// One stage, several or none.
  std::vector<Stage> stages(nb::handle value, const char* name) const {
    std::vector<Stage> stages;
    if (value.is_none()) return stages;
    if (nb::isinstance<Operation>(value)) {
      stages.push_back(operation(value, name).stage());
    } else {
      for (nb::handle item : nb::iter(value)) stages.push_back(operation(item, name).stage());
    }
    return stages;
  }

 private:
  const AnyTensor& tensor(nb::handle value, const char* name) const {
    if (!nb::isinstance<TensorHandle>(value)) refuse(value, name, "Tensor");
    return nb::cast<const TensorHandle&>(value);
  }
  const Operation& operation(nb::handle value, const char* name) const {
    if (!nb::isinstance<Operation>(value)) refuse(value, name, "stage");
    return nb::cast<const Operation&>(value);
  }
  [[noreturn]] void refuse(nb::handle value, const char* name, const char* expected) const {
    throw ArgumentTypeError(concat(op_, ": argument '", name, "' is a ", type_name_of(value),
                                   "; expected a ", expected));
  }
  const char* op_;
};

}  // namespace foundry::python
