#include "values.hpp"

#include <nanobind/stl/optional.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "array_bytes.hpp"
#include "foundry/core/error.hpp"
#include "foundry/tensor/convert.hpp"
#include "parameter.hpp"

namespace foundry::python {
namespace {

nb::module_ numpy_module() {
  return nb::module_::import_("numpy");
}

/// " at [1, 2]": the place of an element in `shape`, by its place in row-major order; nothing for a
/// scalar.
std::string place_of(std::uint64_t index, const nb::object& shape) {
  std::string text;
  for (std::size_t axis = nb::len(shape); axis-- > 0;) {
    const auto extent = nb::cast<std::uint64_t>(shape[axis]);
    text = concat(index % extent, text.empty() ? "" : ", ", text);
    index /= extent;
  }
  return text.empty() ? text : concat(" at [", text, "]");
}

[[noreturn]] void fail_value(const char* what, nb::handle value, std::uint64_t index,
                             const nb::object& shape, DType dtype) {
  throw ArgumentError(concat(what, ": ", text_of(value), place_of(index, shape), " does not fit ",
                             name_of(dtype), "; expected ", describe_range(dtype)));
}

/// The array of `source`, of whatever dtype, and whether that is only numpy's guess.
std::pair<nb::object, bool> array_of(nb::handle source, const char* what) {
  if (nb::isinstance<TensorHandle>(source)) {
    const auto& tensor = nb::cast<const TensorHandle&>(source);
    if (is_block(tensor.dtype())) require_viewable(tensor, what);
    return {is_host_visible(tensor.mode()) ? numpy_view(tensor) : numpy_copy(tensor), false};
  }
  if (nb::hasattr(source, "mask") && nb::hasattr(source, "filled") &&
      numpy_module().attr("any")(source.attr("mask")).equal(nb::bool_(true))) {
    throw ArgumentError(concat(what, ": values of the ", type_name_of(source),
                               " are masked; its .filled() says what stands there"));
  }
  const bool is_typed = nb::isinstance(source, numpy_module().attr("ndarray")) ||
                        nb::isinstance(source, numpy_module().attr("generic")) ||
                        PyObject_CheckBuffer(source.ptr()) || nb::hasattr(source, "__array__") ||
                        nb::hasattr(source, "__array_interface__");
  try {
    return {numpy_module().attr("asarray")(source), !is_typed};
  } catch (nb::python_error& error) {
    if (error.matches(PyExc_ValueError)) {
      throw_for<ShapeError>(
          error, concat(what, ": the values of the ", type_name_of(source), " have no one shape"));
    }
    throw_for<ArgumentTypeError>(
        error, concat(what, ": numpy makes no array of the ", type_name_of(source)));
  }
}

/// Whether it is a real number of Python's or numpy's.
bool is_number(nb::handle object) {
  if (PyFloat_Check(object.ptr()) || PyLong_Check(object.ptr())) return true;
  if (nb::hasattr(object, "dtype")) {  // complex numbers and text have a __float__ there
    const std::string kind = text_of(nb::getattr(object.attr("dtype"), "kind", nb::str("?")));
    return kind.size() == 1 && std::string("biufV").find(kind) != std::string::npos;
  }
  return PyIndex_Check(object.ptr()) || nb::hasattr(object.type(), "__float__");
}

/// The integer that an int, a Decimal or a Fraction is, where 64 bits hold it; else the nearest
/// double. nullopt past its range.
std::optional<ParameterValue> number_of(nb::handle object) {
  if (!PyFloat_Check(object.ptr())) {
    const nb::object integer = nb::steal(PyNumber_Long(object.ptr()));
    if (integer.is_valid() && object.equal(integer)) {
      if (const auto number = to_parameter_value(integer)) return number;
    }
    PyErr_Clear();
  }
  const double real = PyFloat_AsDouble(object.ptr());
  if (!PyErr_Occurred()) return real;
  PyErr_Clear();
  return std::nullopt;
}

/// Its bits in `dtype`. A Decimal or Fraction beside an integer is none, whatever its double is.
std::optional<std::uint64_t> bits_of(nb::handle object, const ParameterValue& number, DType dtype) {
  const auto* real = std::get_if<double>(&number);
  if (real && !info(dtype).is_float && !object.equal(nb::float_(*real))) return std::nullopt;
  return encode_scalar(number, 0, dtype);
}

/// Python objects, one by one: where numpy has no dtype that holds them all, or only f64.
nb::object convert_objects(const nb::object& objects, std::optional<DType> wanted,
                           const char* what) {
  const nb::object shape = objects.attr("shape"), flat = objects.attr("ravel")();
  std::vector<ParameterValue> numbers;
  bool all_integers = true, is_large = false;
  for (nb::handle object : nb::iter(flat)) {
    all_integers = all_integers && PyIndex_Check(object.ptr());
    if (!is_number(object)) {
      throw DTypeError(concat(what, ": ", text_of(object), place_of(numbers.size(), shape),
                              " is a ", type_name_of(object),
                              ": unsupported; supported: numbers of bool, int and float"));
    }
    const auto number = number_of(object);
    if (!number) {
      fail_value(what, object, numbers.size(), shape,
                 wanted.value_or(all_integers ? DType::i64 : DType::f32));
    }
    is_large = is_large || std::holds_alternative<std::uint64_t>(*number);
    numbers.push_back(*number);
  }
  const DType dtype = wanted.value_or(!all_integers ? DType::f32
                                      : is_large    ? DType::u64
                                                    : DType::i64);
  nb::object result = numpy_module().attr("empty")(shape, numpy_dtype(dtype));
  const ArrayBytes target(result);
  const std::size_t size = info(dtype).block_bytes;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto bits = bits_of(flat[i], numbers[i], dtype);
    if (!bits) fail_value(what, flat[i], i, shape, dtype);
    std::memcpy(target.bytes().subspan(i * size, size).data(), &*bits, size);
  }
  return result;
}

/// Whether numpy may have made floats of integers: it holds 2^63 and -1 together in f64.
bool may_hide_integers(const nb::object& array) {
  return nb::cast<double>(numpy_module().attr("max")(numpy_module().attr("abs")(array),
                                                     nb::arg("initial") = 0)) >= 0x1p63;
}

/// In this machine's byte order.
nb::object native(const nb::object& array) {
  const nb::object dtype = array.attr("dtype");
  if (nb::cast<bool>(dtype.attr("isnative"))) return array;
  return array.attr("astype")(dtype.attr("newbyteorder")("="));
}

}  // namespace

nb::object values_of(nb::handle source, std::optional<DType> dtype, const char* what) {
  auto [array, is_guess] = array_of(source, what);
  const std::string kind = nb::cast<std::string>(array.attr("dtype").attr("kind"));
  std::optional<DType> wanted = dtype;
  if (dtype && is_block(*dtype)) wanted = DType::u8;
  if (is_guess && (kind == "O" || (kind == "f" && (wanted ? !info(*wanted).is_float
                                                          : may_hide_integers(array))))) {
    return convert_objects(numpy_module().attr("asarray")(source, nb::arg("dtype") = "object"),
                           wanted, what);
  }
  const DType from = dtype_of_numpy(array.attr("dtype"));
  if (!wanted) wanted = is_guess && from == DType::f64 ? DType::f32 : from;
  if (!is_supported(*wanted)) {
    throw DTypeError(concat(what, ": ", name_of(*wanted), " is unsupported, as Metal has none; ",
                            "supported: ", supported_dtypes(), "; dtype=foundry.f32 rounds to it"));
  }
  array = native(array);
  array = numpy_module().attr("asarray")(array, nb::arg("order") = "C");
  if (from == *wanted) return array;
  if (!nb::cast<bool>(array.attr("flags").attr("aligned"))) array = array.attr("copy")();
  nb::object result = numpy_module().attr("empty")(array.attr("shape"), numpy_dtype(*wanted));
  const auto misfit =
      convert_elements(ArrayBytes(array).bytes(), from, ArrayBytes(result).bytes(), *wanted);
  if (misfit) {
    fail_value(what, array.attr("ravel")()[*misfit], *misfit, array.attr("shape"), *wanted);
  }
  return result;
}

nb::object operand_of(nb::handle source, DType dtype) {
  try {
    auto [array, is_guess] = array_of(source, "comparison");
    std::string kind = nb::cast<std::string>(array.attr("dtype").attr("kind"));
    if (is_guess && kind == "f" && info(dtype).is_float) {
      try {
        return values_of(source, dtype, "comparison");
      } catch (const ArgumentError&) {
        return array;  // past its range: equal to nothing
      }
    }
    if (is_guess && kind == "f") {
      array = numpy_module().attr("asarray")(source, nb::arg("dtype") = "object");
      kind = "O";
    }
    if (kind == "O") {
      for (nb::handle object : nb::iter(array.attr("ravel")())) {
        if (!is_number(object)) return {};
      }
      return array;
    }
    static_cast<void>(dtype_of_numpy(array.attr("dtype")));
    return native(array);
  } catch (const ShapeError&) {
  } catch (const DTypeError&) {
  } catch (const ArgumentTypeError&) {
  }
  return {};
}

void bind_values(nb::module_& m) {
  m.def(
      "encode_scalar",
      [](nb::handle value, DType dtype) -> std::optional<nb::bytes> {
        if (is_block(dtype) || !is_number(value)) return std::nullopt;
        const auto number = number_of(value);
        const auto bits = number ? bits_of(value, *number, dtype) : std::nullopt;
        if (!bits) return std::nullopt;
        return nb::bytes(&*bits, info(dtype).block_bytes);
      },
      nb::arg("value").none(), nb::arg("dtype"),
      "The bytes of a number in a plain dtype; None for what is no number, or that it does not "
      "hold.");
}

}  // namespace foundry::python
