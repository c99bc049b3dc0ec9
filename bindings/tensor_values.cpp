// Tensor's values as Python's and numpy's: numbers, lists, copies, comparisons.
#include <nanobind/stl/string.h>

#include <array>
#include <deque>
#include <span>
#include <string>

#include "array_bytes.hpp"
#include "foundry/core/error.hpp"
#include "foundry/tensor/convert.hpp"
#include "tensor_protocols.hpp"
#include "values.hpp"

namespace foundry::python {

nb::object readable(const TensorHandle& tensor, const char* what) {
  if (is_block(tensor.dtype())) {
    throw DTypeError(concat(what, " of ", tensor.describe(), ": ", name_of(tensor.dtype()),
                            " is a block format; use .copy_to_host() for its bytes"));
  }
  return is_host_visible(tensor.mode()) ? numpy_view(tensor) : numpy_copy(tensor);
}

nb::object equal_values(const TensorHandle& tensor, nb::handle other) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  nb::object values = readable(tensor, "comparison");
  const auto operand = operand_of(other, tensor.dtype());
  if (!operand.is_valid()) return {};
  nb::object pair;
  try {
    pair = numpy.attr("broadcast_arrays")(values, operand);
  } catch (const nb::python_error& error) {
    throw_for<ShapeError>(error, concat("comparison of ", tensor.describe(), " with shape ",
                                        text_of(operand.attr("shape"))));
  }
  if (nb::cast<std::string>(operand.attr("dtype").attr("kind")) == "O") {
    return numpy.attr("equal")(pair[0].attr("astype")("object"), pair[1],
                               nb::arg("dtype") = "bool");
  }
  const auto aligned = [&](const nb::object& array) {
    return numpy.attr("require")(array, nb::arg("requirements") = "CA");
  };
  const nb::object left = aligned(pair[0]), right = aligned(pair[1]);
  nb::object equal = numpy.attr("empty")(left.attr("shape"), "bool");
  equal_elements(ArrayBytes(left).bytes(), tensor.dtype(), ArrayBytes(right).bytes(),
                 dtype_of_numpy(operand.attr("dtype")), ArrayBytes(equal).bytes());
  require_still_there(tensor);
  return equal;
}

namespace {

nb::object one_value(const TensorHandle& tensor, const char* what) {
  if (tensor.count() != 1) {
    throw ArgumentTypeError(
        concat(what, " of ", tensor.describe(), ": it has ", tensor.count(), " elements, not 1"));
  }
  nb::object value = readable(tensor, what).attr("item")();
  require_still_there(tensor);
  return value;
}

nb::object item(const TensorHandle& tensor, const nb::args& place) {
  if (!place.empty()) {
    const nb::object one = nb::cast(tensor)[place];
    return one_value(nb::cast<const TensorHandle&>(one), "item");
  }
  if (tensor.count() != 1) {
    throw ArgumentError(concat("item of ", tensor.describe(), ": it has ", tensor.count(),
                               " elements; item(*index) takes one"));
  }
  return one_value(tensor, "item");
}

nb::object as_int(const TensorHandle& tensor) {
  const nb::object value = one_value(tensor, "int");
  nb::object integer = nb::steal(PyNumber_Long(value.ptr()));
  if (!integer.is_valid()) {
    const nb::python_error error;
    throw_for<ArgumentError>(error,
                             concat("int of ", tensor.describe(), ": it is ", text_of(value)));
  }
  return integer;
}

nb::object as_index(const TensorHandle& tensor) {
  if (tensor.rank() != 0 || info(tensor.dtype()).is_float || tensor.dtype() == DType::bool_) {
    throw ArgumentTypeError(concat(tensor.describe(),
                                   ": only a scalar of an integer dtype is an "
                                   "index"));
  }
  return one_value(tensor, "index");
}

bool as_bool(const TensorHandle& tensor) {
  if (tensor.count() != 1) {
    throw ArgumentError(concat(tensor.describe(), ": the truth of ", tensor.count(),
                               " elements is ambiguous; numpy.any(tensor) or numpy.all(tensor)"));
  }
  return PyObject_IsTrue(one_value(tensor, "bool").ptr()) == 1;
}

/// A tensor of its own, of the same shape and mode, with `bytes` in it.
TensorHandle made_like(const TensorHandle& tensor, DType dtype, std::span<const std::byte> bytes) {
  const StorageMode mode =
      tensor.mode() == StorageMode::private_ ? StorageMode::private_ : StorageMode::shared;
  TensorHandle made(
      AnyTensor::dedicated(tensor.runtime->device(), tensor.extents(), dtype, mode, tensor.name()),
      tensor.runtime);
  made.copy_from_host(made.runtime->stream(), bytes);
  return made;
}

TensorHandle copy(const TensorHandle& tensor) {
  return made_like(tensor, tensor.dtype(), copied_bytes(tensor));
}

TensorHandle astype(const TensorHandle& tensor, nb::handle dtype) {
  const DType wanted = to_dtype(dtype);
  if (is_block(wanted)) {
    throw DTypeError(concat("astype: values do not convert to the block format ", name_of(wanted)));
  }
  return made_like(tensor, wanted,
                   ArrayBytes(values_of(nb::cast(tensor), wanted, "astype")).bytes());
}

nb::object format(const TensorHandle& tensor, nb::handle spec) {
  if (nb::len(spec) == 0) return nb::str(to_string(tensor).c_str());
  const nb::object value = one_value(tensor, "format");
  nb::object text = nb::steal(PyObject_Format(value.ptr(), spec.ptr()));
  if (!text.is_valid()) nb::raise_python_error();
  return text;
}

nb::object not_implemented() {
  return nb::borrow(nb::handle(Py_NotImplemented));
}

/// Operators do not compute: a dispatch is asked for by name, and what numpy computes is on the
/// host.
[[noreturn]] void refuse_operator(const TensorHandle& tensor, const char* symbol) {
  throw ArgumentTypeError(concat(
      tensor.describe(), ": unsupported operator ", symbol,
      "; foundry.ops has what runs on the device, numpy.asarray(tensor) computes on the host"));
}

struct Operator {
  const char* symbol;  ///< in place it is called the same
  const char* name;
  bool is_reflected;  ///< has forms with the tensor on the right, and in place
};

constexpr std::array kBinary = {
    Operator{"+", "add", true},       Operator{"-", "sub", true},
    Operator{"*", "mul", true},       Operator{"/", "truediv", true},
    Operator{"//", "floordiv", true}, Operator{"%", "mod", true},
    Operator{"**", "pow", true},      Operator{"@", "matmul", true},
    Operator{"<<", "lshift", true},   Operator{">>", "rshift", true},
    Operator{"&", "and", true},       Operator{"|", "or", true},
    Operator{"^", "xor", true},       Operator{"<", "lt", false},
    Operator{"<=", "le", false},      Operator{">", "gt", false},
    Operator{">=", "ge", false},
};
constexpr std::array kUnary = {
    Operator{"-", "neg", false},
    Operator{"+", "pos", false},
    Operator{"~", "invert", false},
    Operator{"abs", "abs", false},
};

/// With Python's numbers and other tensors; what else there is may know better (numpy's arrays
/// compute).
void bind_operators(TensorClass& tensor) {
  const auto define = [&](const std::string& name, const char* symbol, bool in_place) {
    static std::deque<std::string> kept;  // nanobind keeps the pointers
    kept.push_back("__" + name + "__");
    const char* full = kept.back().c_str();
    kept.push_back(concat("def ", full, "(self, other: typing.Any, /) -> typing.Any"));
    tensor.def(
        full,
        [symbol, in_place](const TensorHandle& t, nb::handle other) {
          if (in_place || nb::isinstance<TensorHandle>(other) || PyFloat_Check(other.ptr()) ||
              PyLong_Check(other.ptr()) || PyComplex_Check(other.ptr())) {
            refuse_operator(t, symbol);
          }
          return not_implemented();
        },
        nb::arg("other").none(), nb::sig(kept.back().c_str()));
  };
  for (const Operator& op : kBinary) {
    define(op.name, op.symbol, false);
    if (!op.is_reflected) continue;
    define(concat("r", op.name), op.symbol, false);
    define(concat("i", op.name), op.symbol, true);
  }
  for (const Operator& op : kUnary) {
    tensor.def(concat("__", op.name, "__").c_str(),
               [symbol = op.symbol](const TensorHandle& t) { refuse_operator(t, symbol); });
  }
}

}  // namespace

void bind_tensor_values(TensorClass& tensor) {
  tensor
      .def("item", &item, "The one element, or the element at `index`, as a number of Python's.",
           nb::sig("def item(self, *index: int) -> float | int | bool"))
      .def(
          "tolist",
          [](const TensorHandle& t) {
            nb::object list = readable(t, "list").attr("tolist")();
            require_still_there(t);
            return list;
          },
          "Nested lists of Python's numbers; of a scalar the number.",
          nb::sig("def tolist(self) -> typing.Any"))
      .def("__float__", [](const TensorHandle& t) { return nb::float_(one_value(t, "float")); })
      .def("__int__", &as_int, nb::sig("def __int__(self) -> int"))
      .def("__index__", &as_index, nb::sig("def __index__(self) -> int"))
      .def("__bool__", &as_bool)
      .def("__format__", &format, nb::arg("spec"),
           nb::sig("def __format__(self, spec: str) -> str"))
      .def("astype", &astype, nb::arg("dtype"),
           "A copy of its own in another dtype: exact, or rounded to nearest in a float; "
           "ArgumentError for a value that the dtype does not hold.",
           nb::sig("def astype(self, dtype: DType | numpy.typing.DTypeLike) -> Tensor"))
      .def("copy", &copy, "A tensor of its own with the same values, of any dtype and storage.")
      .def("__copy__", &copy)
      .def(
          "__deepcopy__", [](const TensorHandle& t, nb::handle) { return copy(t); },
          nb::arg("memo"), nb::sig("def __deepcopy__(self, memo: typing.Any) -> Tensor"))
      .def(
          "__reduce_ex__",
          [](const TensorHandle& t, nb::handle) -> nb::object {
            throw ArgumentTypeError(
                concat(t.describe(),
                       ": a tensor belongs to a runtime and does not pickle; pickle "
                       "tensor.copy_to_host(), which Foundry.tensor() takes"));
          },
          nb::arg("protocol"),
          nb::sig("def __reduce_ex__(self, protocol: typing.Any) -> typing.Any"))
      .def(
          "__eq__",
          [](const TensorHandle& t, nb::handle other) {
            const nb::object equal = equal_values(t, other);
            return equal.is_valid() ? nb::object(equal[nb::make_tuple()]) : not_implemented();
          },
          nb::arg("other").none(),
          "Element by element, exactly, as a numpy array of bool; a float of Python's is first "
          "rounded to a float dtype. Waits for the device.",
          nb::sig("def __eq__(self, other: object, /) -> typing.Any"))
      .def(
          "__hash__",
          [](const TensorHandle& t) -> std::size_t {
            throw ArgumentTypeError(concat("unhashable: ", t.describe(),
                                           ": == compares elements, and they change; id(tensor) is "
                                           "the handle's own"));
          },
          nb::sig("def __hash__(self) -> int"))
      .def(
          "__ne__",
          [](const TensorHandle& t, nb::handle other) {
            const nb::object equal = equal_values(t, other);
            if (!equal.is_valid()) return not_implemented();
            return nb::module_::import_("numpy").attr("logical_not")(equal);
          },
          nb::arg("other").none(), nb::sig("def __ne__(self, other: object, /) -> typing.Any"));
  bind_operators(tensor);
}

}  // namespace foundry::python
