// Tensor: shape, views, and the host's access to the bytes.
#include "tensor.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <vector>

#include "array_bytes.hpp"
#include "dlpack.hpp"
#include "foundry/core/error.hpp"
#include "values.hpp"

namespace foundry::python {
namespace {

TensorHandle with(const TensorHandle& source, AnyTensor view) {
  return {std::move(view), source.runtime};
}

/// `t[1]`, `t[2:5, 0]`: ints drop a dimension, slices keep it. Unlike Python's sequences a range
/// past the end is an error (AnyTensor::slice).
TensorHandle index(const TensorHandle& tensor, nb::handle key) {
  const nb::tuple keys =
      nb::isinstance<nb::tuple>(key) ? nb::borrow<nb::tuple>(key) : nb::make_tuple(nb::borrow(key));
  if (keys.size() > tensor.rank()) {
    throw ShapeError(concat(tensor.describe(), " has ", tensor.rank(), " dimensions, ", keys.size(),
                            " are indexed"));
  }
  AnyTensor view = tensor;
  std::int64_t axis = 0;
  for (nb::handle item : keys) {
    if (nb::isinstance<nb::slice>(item)) {
      const auto bound = [&](const char* name, std::int64_t otherwise) {
        const nb::object value = item.attr(name);
        return value.is_none() ? otherwise : nb::cast<std::int64_t>(value);
      };
      view =
          view.slice(axis, bound("start", 0),
                     bound("stop", static_cast<std::int64_t>(view.extent(axis))), bound("step", 1));
      ++axis;
    } else {
      view = view.select(axis, nb::cast<std::int64_t>(item));
    }
  }
  return with(tensor, std::move(view));
}

/// Shape given as one sequence or as several ints.
Extents shape_of(const nb::args& shape) {
  const bool one = shape.size() == 1 && !PyIndex_Check(nb::object(shape[0]).ptr());
  return one ? to_extents(nb::object(shape[0])) : to_extents(shape);
}

/// The values of `source` in the tensor's dtype, copied in. A block dtype takes its bytes (uint8).
void copy_from(const TensorHandle& tensor, nb::handle source) {
  const nb::object values = values_of(source, tensor.dtype(), "copy_from");
  if (!is_block(tensor.dtype()))
    require_shape(values, tensor.extents(), "copy_from", tensor.name(), tensor.dtype());
  tensor.copy_from_host(tensor.runtime->stream(), ArrayBytes(values).bytes());
}

/// numpy's protocol: a view, unless a conversion or a copy is asked for.
nb::object array(const TensorHandle& tensor, nb::handle dtype, nb::handle copy) {
  nb::object view = array_view(tensor);
  if (dtype.is_none() && (copy.is_none() || !nb::cast<bool>(copy))) return view;
  const nb::object make = nb::module_::import_("numpy").attr("array");
  return copy.is_none() ? make(view, nb::arg("dtype") = dtype)
                        : make(view, nb::arg("dtype") = dtype, nb::arg("copy") = copy);
}

}  // namespace

void bind_tensor(nb::module_& m) {
  m.def("numpy_dtype", &numpy_dtype, nb::arg("dtype"),
        "numpy's dtype for a dtype; uint8, its bytes, for a block format.",
        nb::sig("def numpy_dtype(dtype: DType) -> numpy.dtype[typing.Any]"));
  nb::class_<TensorHandle>(m, "Tensor", nb::type_slots(buffer_slots()), nb::is_weak_referenceable(),
                           "A handle on typed device memory: copies and views share the bytes, and "
                           "each holds the lease. Made by Foundry.")
      .def_prop_ro(
          "shape",
          [](const TensorHandle& t) {
            return nb::typed<nb::tuple, int, nb::ellipsis>(to_tuple(t.extents().dimensions()));
          })
      .def_prop_ro(
          "strides",
          [](const TensorHandle& t) {
            return nb::typed<nb::tuple, int, nb::ellipsis>(to_tuple(t.strides()));
          },
          "Steps in elements.")
      .def_prop_ro("dtype", [](const TensorHandle& t) { return t.dtype(); })
      .def_prop_ro("ndim", [](const TensorHandle& t) { return t.rank(); })
      .def_prop_ro(
          "size", [](const TensorHandle& t) { return t.count(); }, "Elements.")
      .def_prop_ro(
          "nbytes", [](const TensorHandle& t) { return t.byte_length(); },
          "Bytes from the first element to one past the last.")
      .def_prop_ro(
          "storage", [](const TensorHandle& t) { return std::string(name_of(t.storage())); },
          "\"dedicated\", \"pooled\" or \"view\".")
      .def_prop_ro(
          "mode", [](const TensorHandle& t) { return std::string(name_of(t.mode())); },
          "\"shared\", \"private\" or \"borrowed\".")
      .def_prop_ro("is_contiguous", [](const TensorHandle& t) { return t.is_contiguous(); })
      .def_prop_ro("is_read_only", [](const TensorHandle& t) { return t.is_read_only(); })
      .def_prop_rw(
          "name", [](const TensorHandle& t) { return t.name(); },
          [](TensorHandle& t, std::string name) { t.named(std::move(name)); },
          "What messages call it.")
      .def(
          "reshape",
          [](const TensorHandle& t, const nb::args& shape) {
            return with(t, t.reshape(shape_of(shape)));
          },
          "A view of another shape; ShapeError where only a copy could have it.",
          nb::sig("def reshape(self, *shape: int | collections.abc.Sequence[int]) -> Tensor"))
      .def(
          "transpose",
          [](const TensorHandle& t, const nb::args& order) {
            if (order.empty()) return with(t, t.transpose());
            return with(t, t.transpose(nb::cast<std::vector<std::int64_t>>(order)));
          },
          "Dimensions reversed, or in `order`.",
          nb::sig("def transpose(self, *order: int) -> Tensor"))
      .def(
          "squeeze",
          [](const TensorHandle& t, std::optional<std::int64_t> axis) {
            return with(t, t.squeeze(axis));
          },
          nb::arg("axis") = nb::none(), "Without the dimensions of extent 1, or without `axis`.")
      .def(
          "unsqueeze",
          [](const TensorHandle& t, std::int64_t axis) { return with(t, t.unsqueeze(axis)); },
          nb::arg("axis"))
      .def(
          "broadcast_to",
          [](const TensorHandle& t, const nb::args& shape) {
            return with(t, t.broadcast(shape_of(shape)));
          },
          "Dimensions of extent 1 repeated, without memory; read-only.",
          nb::sig("def broadcast_to(self, *shape: int | collections.abc.Sequence[int]) -> Tensor"))
      .def("__getitem__", &index, nb::arg("key"))
      .def("__len__",
           [](const TensorHandle& t) {
             if (t.rank() == 0) throw ShapeError(concat(t.describe(), ": a scalar has no length"));
             return t.extents()[0];
           })
      .def("__array__", &array, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none(),
           nb::sig("def __array__(self, dtype: typing.Any = None, copy: bool | None = None) -> "
                   "numpy.typing.NDArray[typing.Any]"))
      .def("__dlpack__", &dlpack_capsule, nb::kw_only(), nb::arg("stream") = nb::none(),
           nb::arg("max_version") = nb::none(), nb::arg("dl_device") = nb::none(),
           nb::arg("copy") = nb::none(),
           nb::sig("def __dlpack__(self, *, stream: None = None, max_version: tuple[int, int] | "
                   "None = None, dl_device: tuple[int, int] | None = None, copy: bool | None = "
                   "None) -> typing.Any"),
           "A DLPack capsule over the memory, after waiting for the device. Read-only memory is "
           "lent as a copy, flagged read-only, and to a consumer without max_version not at all: "
           "StorageError.")
      .def("__dlpack_device__",
           [](const TensorHandle&) {  // kDLCPU, device 0
             return nb::typed<nb::tuple, int, int>(nb::make_tuple(1, 0));
           })
      .def("host", &numpy_view,
           "A numpy array over the tensor's memory, after waiting for the device; what "
           "numpy.asarray() gives, at less cost.",
           nb::sig("def host(self) -> numpy.typing.NDArray[typing.Any]"))
      .def("copy_to_host", &numpy_copy,
           "A numpy array of the values, from any storage; a block dtype gives its bytes (uint8).",
           nb::sig("def copy_to_host(self) -> numpy.typing.NDArray[typing.Any]"))
      .def("copy_from", &copy_from, nb::arg("source"),
           "Copies an array of the same shape in, converting its dtype. After kernels that use the "
           "tensor, before later ones.",
           nb::sig("def copy_from(self, source: numpy.typing.ArrayLike) -> None"))
      .def("__repr__", [](const TensorHandle& t) { return to_string(t); });
}

}  // namespace foundry::python
