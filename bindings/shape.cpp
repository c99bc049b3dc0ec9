// Shapes from Python: ints or sequences of ints, checked before they become Extents.
#include <span>
#include <string>
#include <vector>

#include "foundry/core/error.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

std::uint64_t to_extent(nb::handle value) {
  const nb::object index = nb::steal(PyNumber_Index(value.ptr()));
  if (!index.is_valid()) {
    const nb::python_error error;
    if (!error.matches(PyExc_TypeError)) rethrow(error);
    throw_for<ArgumentTypeError>(error, concat("an extent is a ", type_name_of(value), ", ",
                                               text_of(value), "; expected an integer"));
  }
  int overflow = 0;
  const long long extent = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow || extent < 0) {
    throw ShapeError(concat("an extent of ", text_of(index), " is out of range"));
  }
  return static_cast<std::uint64_t>(extent);
}

}  // namespace

std::string text_of(nb::handle value) {
  constexpr Py_ssize_t kMost = 200;  // characters that a message has room for
  nb::object text = nb::steal(PyObject_Str(value.ptr()));
  if (text.is_valid()) text = nb::steal(PyUnicode_Substring(text.ptr(), 0, kMost));
  const nb::object utf8 =
      nb::steal(text.is_valid() ? PyUnicode_AsEncodedString(text.ptr(), "utf-8", "backslashreplace")
                                : nullptr);
  if (utf8.is_valid()) return PyBytes_AS_STRING(utf8.ptr());
  // Whatever it was, the message goes without it.
  PyErr_Clear();
  return concat("<", type_name_of(value), ">");
}

std::string type_name_of(nb::handle value) {
  return text_of(nb::handle(value.type()).attr("__name__"));
}

Extents to_extents(nb::handle shape) {
  std::vector<std::uint64_t> values;
  const nb::object index =
      nb::steal(PyIndex_Check(shape.ptr()) ? PyNumber_Index(shape.ptr()) : nullptr);
  if (PyErr_Occurred()) {
    const nb::python_error error;
    if (!error.matches(PyExc_TypeError)) rethrow(error);  // else an array of several, a sequence
  }
  if (index.is_valid()) {
    values.push_back(to_extent(index));
    return Extents(std::span<const std::uint64_t>(values));
  }
  if (!PySequence_Check(shape.ptr()) || nb::isinstance<nb::str>(shape) ||
      nb::isinstance<nb::bytes>(shape)) {
    throw ArgumentTypeError(concat("a shape is a ", type_name_of(shape), ", ", text_of(shape),
                                   "; expected an integer or a sequence of them"));
  }
  try {
    for (nb::handle value : nb::iter(shape)) values.push_back(to_extent(value));
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_TypeError)) throw;
    throw_for<ArgumentTypeError>(error, concat("a shape is a ", type_name_of(shape), ", ",
                                               text_of(shape), ", which does not iterate"));
  }
  return Extents(std::span<const std::uint64_t>(values));
}

nb::tuple to_tuple(const Dimensions& values) {
  nb::object tuple = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
  for (std::size_t i = 0; i < values.size(); ++i) {
    PyTuple_SET_ITEM(tuple.ptr(), static_cast<Py_ssize_t>(i),
                     PyLong_FromUnsignedLongLong(values[i]));
  }
  return nb::borrow<nb::tuple>(tuple);
}

void require_shape(const nb::object& array, const Extents& extents, const char* what,
                   const std::string& name, DType dtype) {
  const nb::object shape = array.attr("shape");
  if (shape.equal(to_tuple(extents.dimensions()))) return;
  throw ShapeError(concat(what, ": ", name, name.empty() ? "" : " ", to_string(extents), " ",
                          name_of(dtype), " takes no array of shape ", text_of(shape)));
}

}  // namespace foundry::python
