// Tensor as a sequence: indices are views.
#include <optional>
#include <string>

#include "array_bytes.hpp"
#include "foundry/core/error.hpp"
#include "tensor_protocols.hpp"
#include "values.hpp"

namespace foundry::python {
namespace {

/// Python's or numpy's, which numpy takes for a mask.
bool is_bool(nb::handle value) {
  return type_name_of(value) == "bool" || type_name_of(value) == "bool_";
}

[[noreturn]] void refuse(const AnyTensor& tensor, nb::handle item) {
  const bool is_list = is_bool(item) || PySequence_Check(item.ptr());
  if (is_list && !PyUnicode_Check(item.ptr()) && !PyBytes_Check(item.ptr())) {
    throw TensorIndexError(concat(
        tensor.describe(), ": unsupported index, a ", type_name_of(item),
        ": arrays of integers and masks pick elements one by one, and an index here is a view; "
        "numpy.asarray(tensor)[index] copies on the host, foundry.ops.Embedding takes rows"));
  }
  throw TensorIndexError(concat(tensor.describe(), ": unsupported index ", text_of(item), ", a ",
                                type_name_of(item),
                                "; supported: integers, slices, ... and None (numpy.newaxis)"));
}

/// The integer of an index; nullopt if it is none. One that 64 bits do not hold is the nearest that
/// they do, which is past any extent.
std::optional<std::int64_t> integer_of(nb::handle item) {
  const bool is_plain = PyLong_CheckExact(item.ptr());
  if (!is_plain && (is_bool(item) || !PyIndex_Check(item.ptr()))) return std::nullopt;
  const Py_ssize_t value = PyNumber_AsSsize_t(item.ptr(), nullptr);
  if (value != -1 || !PyErr_Occurred()) return value;
  if (!PyErr_ExceptionMatches(PyExc_TypeError)) nb::raise_python_error();
  PyErr_Clear();  // an array of several
  return std::nullopt;
}

AnyTensor slice(const AnyTensor& whole, const AnyTensor& view, std::int64_t axis, nb::handle item) {
  const auto bound = [&](const char* name, std::int64_t otherwise) {
    const nb::object value = item.attr(name);
    if (value.is_none()) return otherwise;
    const auto integer = integer_of(value);
    if (!integer) refuse(whole, value);
    return *integer;
  };
  const std::int64_t step = bound("step", 1);
  if (step < 0) {
    throw TensorIndexError(concat(whole.describe(), ": unsupported slice step ", step,
                                  ", as strides are never negative; supported: 1 and more, or "
                                  "numpy.asarray(tensor)[index] on the host"));
  }
  return view.slice(axis, bound("start", 0),
                    bound("stop", static_cast<std::int64_t>(view.extent(axis))), step);
}

AnyTensor select(const AnyTensor& whole, const AnyTensor& view, std::int64_t axis,
                 std::int64_t index, nb::handle item) {
  const auto extent = static_cast<std::int64_t>(view.extent(axis));
  if (index < -extent || index >= extent) {
    throw TensorIndexError(concat(whole.describe(), ": index ", text_of(item),
                                  " is out of range for axis ", axis, " of ",
                                  to_string(view.extents())));
  }
  return view.select(axis, index);
}

/// `t[1]`, `t[2:5, 0]`, `t[..., None]`: ints drop a dimension, slices keep it, None adds one.
/// Unlike Python's sequences a range past the end is an error (AnyTensor::slice).
TensorHandle index(const TensorHandle& tensor, nb::handle key) {
  const nb::tuple keys =
      nb::isinstance<nb::tuple>(key) ? nb::borrow<nb::tuple>(key) : nb::make_tuple(nb::borrow(key));
  std::size_t taken = 0, ellipses = 0;
  for (nb::handle item : keys) {
    ellipses += item.is(nb::handle(Py_Ellipsis)) ? 1 : 0;
    taken += item.is_none() || item.is(nb::handle(Py_Ellipsis)) ? 0 : 1;
  }
  if (taken > tensor.rank()) {
    throw ShapeError(
        concat(tensor.describe(), " has ", tensor.rank(), " dimensions, ", taken, " are indexed"));
  }
  if (ellipses > 1) {
    throw TensorIndexError(
        concat(tensor.describe(), ": an index has one ... at most, not ", ellipses));
  }
  AnyTensor view = tensor;
  std::int64_t axis = 0;
  for (nb::handle item : keys) {
    if (item.is_none()) {
      view = view.unsqueeze(axis++);
    } else if (item.is(nb::handle(Py_Ellipsis))) {
      axis += static_cast<std::int64_t>(tensor.rank() - taken);
    } else if (nb::isinstance<nb::slice>(item)) {
      view = slice(tensor, view, axis++, item);
    } else if (const auto integer = integer_of(item)) {
      view = select(tensor, view, axis, *integer, item);
    } else {
      refuse(tensor, item);
    }
  }
  return with(tensor, taken == 0 ? view.as_view() : std::move(view));
}

/// `t[1] = x`: the values, broadcast to the view's shape. As Tensor.copy_from, and through the host
/// where the view has gaps.
void assign(const TensorHandle& tensor, nb::handle key, nb::handle source) {
  const TensorHandle view = index(tensor, key);
  if (is_block(view.dtype())) {
    throw DTypeError(concat(view.describe(),
                            ": elements of a block format are not assigned; "
                            "Tensor.copy_from() takes its bytes"));
  }
  nb::object values = values_of(source, view.dtype(), "assignment");
  const nb::tuple shape = to_tuple(view.extents().dimensions());
  const nb::module_ numpy = nb::module_::import_("numpy");
  try {
    values = numpy.attr("broadcast_to")(values, shape);
  } catch (const nb::python_error& error) {
    throw_for<ShapeError>(error,
                          concat("assignment: ", view.describe(), " takes no array of shape ",
                                 text_of(values.attr("shape"))));
  }
  if (view.is_contiguous()) {
    values = numpy.attr("asarray")(values, nb::arg("order") = "C");
    view.copy_from_host(view.runtime->stream(), ArrayBytes(values).bytes());
    return;
  }
  if (view.is_read_only()) {
    throw StorageError(concat("assignment: ", view.describe(), " is read-only"));
  }
  numpy.attr("copyto")(numpy_view(view), values);
}

}  // namespace

void bind_tensor_index(TensorClass& tensor) {
  tensor
      .def("__getitem__", &index, nb::arg("key").none(),
           "A view. Integers drop a dimension, slices keep it, None adds one, ... stands for the "
           "dimensions that are not named. TensorIndexError past an extent, ShapeError for a slice "
           "that leaves it or is empty.",
           nb::sig("def __getitem__(self, key: typing.Any) -> Tensor"))
      .def("__setitem__", &assign, nb::arg("key").none(), nb::arg("value").none(),
           "Copies values in, broadcast to the view's shape, converted as Foundry.tensor() does.",
           nb::sig("def __setitem__(self, key: typing.Any, value: numpy.typing.ArrayLike) -> None"))
      .def(
          "__delitem__",
          [](const TensorHandle& t, nb::handle) {
            throw ArgumentTypeError(concat(t.describe(), ": elements are not deleted"));
          },
          nb::arg("key").none(), nb::sig("def __delitem__(self, key: typing.Any) -> None"))
      .def("__len__",
           [](const TensorHandle& t) {
             if (t.rank() == 0) {
               throw ArgumentTypeError(concat(t.describe(), ": a scalar has no length"));
             }
             return t.extents()[0];
           })
      .def(
          "__iter__",
          [](nb::handle self) {
            const auto& t = nb::cast<const TensorHandle&>(self);
            if (t.rank() == 0) {
              throw ArgumentTypeError(concat(t.describe(), ": a scalar does not iterate"));
            }
            return nb::steal(PySeqIter_New(self.ptr()));
          },
          nb::sig("def __iter__(self) -> collections.abc.Iterator[Tensor]"), "Views of the rows.")
      .def(
          "__contains__",
          [](const TensorHandle& t, nb::handle value) {
            const nb::object equal = equal_values(t, value);
            return equal.is_valid() &&
                   PyObject_IsTrue(nb::module_::import_("numpy").attr("any")(equal).ptr()) == 1;
          },
          nb::arg("value").none(), nb::sig("def __contains__(self, value: object) -> bool"),
          "Whether any element is equal to it.");
}

}  // namespace foundry::python
