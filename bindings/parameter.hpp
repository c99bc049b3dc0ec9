// Scalars from Python: a number, or a Parameter in its place.
#pragma once

#include <optional>

#include "foundry/core/error.hpp"
#include "foundry/kernel/parameter.hpp"
#include "tensor.hpp"

namespace foundry::python {

/// A Python or numpy number; nullopt for anything else and for one that no 64 bits hold.
std::optional<ParameterValue> to_parameter_value(nb::handle value);

/// A number of T's range or a Parameter; else an ArgumentError "Rope: argument 'start' is -1;
/// expected an integer from 0 to 4294967295, or a Parameter".
template <class T>
Scalar<T> to_scalar(const char* op, nb::handle value, const char* name) {
  if (nb::isinstance<Parameter>(value)) return nb::cast<const Parameter&>(value);
  if (const auto number = to_parameter_value(value)) {
    if (const auto bits = encode_scalar(*number, 0, dtype_of<T>)) return static_cast<T>(*bits);
  }
  throw ArgumentError(concat(op, ": argument '", name, "' is ", text_of(value), "; expected ",
                             describe_range(dtype_of<T>), ", or a Parameter"));
}

/// The value, or the Parameter.
template <class T>
nb::object to_python(const Scalar<T>& scalar) {
  return scalar.parameter() ? nb::cast(*scalar.parameter()) : nb::cast(scalar.value());
}

}  // namespace foundry::python
