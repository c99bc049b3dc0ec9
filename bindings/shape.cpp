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
  if (!index.is_valid()) nb::raise_python_error();
  int overflow = 0;
  const long long extent = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (extent == -1 && !overflow && PyErr_Occurred()) nb::raise_python_error();
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
  return concat("<", nb::type_name(value.type()).c_str(), ">");
}

std::string type_name_of(nb::handle value) {
  return text_of(nb::handle(value.type()).attr("__name__"));
}

Extents to_extents(nb::handle shape) {
  std::vector<std::uint64_t> values;
  if (PyIndex_Check(shape.ptr())) {
    values.push_back(to_extent(shape));
  } else {
    for (nb::handle value : nb::iter(shape)) values.push_back(to_extent(value));
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

}  // namespace foundry::python
