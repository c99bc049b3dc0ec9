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
#include "tensor_protocols.hpp"
#include "values.hpp"

namespace foundry::python {
namespace {

/// The one argument where it is a sequence, else all of them.
nb::object sequence_of(const nb::args& values) {
  const bool is_one = values.size() == 1 && PySequence_Check(nb::object(values[0]).ptr());
  return is_one ? nb::object(values[0]) : nb::object(values);
}

/// A shape of `count` elements, in which one extent may be -1: what the others leave.
Extents reshaped_extents(const AnyTensor& tensor, const nb::args& shape) {
  const nb::object given = sequence_of(shape);
  if (!PySequence_Check(given.ptr()) || nb::isinstance<nb::str>(given)) return to_extents(given);
  nb::list values(given);
  std::optional<std::size_t> free;
  std::uint64_t known = 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const nb::object value = values[i];
    if (PyIndex_Check(value.ptr()) && value.equal(nb::int_(-1))) {
      if (free) throw ShapeError(concat("reshape: ", text_of(given), " has more than one -1"));
      free = i;
    } else {
      known *= to_extents(value).count();
    }
  }
  if (free) {
    if (known == 0 || tensor.count() % known != 0) {
      throw ShapeError(concat("reshape: ", tensor.describe(), " has ", tensor.count(),
                              " elements, no multiple of the ", known, " in ", text_of(given)));
    }
    values[*free] = tensor.count() / known;
  }
  return to_extents(values);
}

std::vector<std::int64_t> axes_of(const nb::args& order) {
  std::vector<std::int64_t> axes;
  for (nb::handle value : nb::iter(sequence_of(order))) {
    std::int64_t axis = 0;
    if (PyBool_Check(value.ptr()) || !nb::try_cast(value, axis)) {
      throw ArgumentTypeError(concat("transpose: an axis is ", text_of(value), ", a ",
                                     type_name_of(value), "; expected an integer of 64 bits"));
    }
    axes.push_back(axis);
  }
  return axes;
}

/// The values of `source` in the tensor's dtype, copied in. A block dtype takes its bytes (uint8).
void copy_from(const TensorHandle& tensor, nb::handle source) {
  if (const auto bytes = row_major_bytes(source, tensor.dtype(), tensor.extents())) {
    tensor.copy_from_host(tensor.runtime->stream(), *bytes);
    return;
  }
  const nb::object values = values_of(source, tensor.dtype(), "copy_from");
  if (!is_block(tensor.dtype()))
    require_shape(values, tensor.extents(), "copy_from", tensor.name(), tensor.dtype());
  tensor.copy_from_host(tensor.runtime->stream(), ArrayBytes(values).bytes());
}

/// numpy's protocol: a view, unless a conversion or a copy is asked for.
nb::object array(const TensorHandle& tensor, nb::handle dtype, nb::handle copy) {
  nb::object view = array_view(tensor);
  if (dtype.is_none() && PyObject_IsTrue(copy.ptr()) != 1) return view;
  const nb::object make = nb::module_::import_("numpy").attr("array");
  return copy.is_none() ? make(view, nb::arg("dtype") = dtype)
                        : make(view, nb::arg("dtype") = dtype, nb::arg("copy") = copy);
}

}  // namespace

void bind_tensor(nb::module_& m) {
  m.def("numpy_dtype", &numpy_dtype, nb::arg("dtype"),
        "numpy's dtype for a dtype; uint8, its bytes, for a block format.",
        nb::sig("def numpy_dtype(dtype: DType) -> numpy.dtype[typing.Any]"));
  TensorClass tensor(m, "Tensor", nb::type_slots(buffer_slots()), nb::is_weak_referenceable(),
                     "A handle on typed device memory: copies and views share the bytes, and "
                     "each holds the lease. Made by Foundry.");
  tensor
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
          "nbytes", [](const TensorHandle& t) { return byte_length(t.extents(), t.dtype()); },
          "Bytes of the elements; of a view without the gaps between them.")
      .def_prop_ro(
          "itemsize",
          [](const TensorHandle& t) {
            if (is_block(t.dtype())) {
              throw DTypeError(concat(t.describe(),
                                      ": elements of a block format have no size; "
                                      "DType.block_bytes is that of a block"));
            }
            return info(t.dtype()).block_bytes;
          },
          "Bytes of an element.")
      .def_prop_ro("device", [](const TensorHandle& t) { return t.runtime->device(); })
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
            return with(t, t.reshape(reshaped_extents(t, shape)));
          },
          "A view of another shape, in which one extent may be -1: what the others leave. "
          "ShapeError where only a copy could have it.",
          nb::sig("def reshape(self, *shape: int | collections.abc.Sequence[int]) -> Tensor"))
      .def(
          "transpose",
          [](const TensorHandle& t, const nb::args& order) {
            if (order.empty()) return with(t, t.transpose());
            return with(t, t.transpose(axes_of(order)));
          },
          "Dimensions reversed, or in `order`.",
          nb::sig("def transpose(self, *order: int | collections.abc.Sequence[int]) -> Tensor"))
      .def_prop_ro(
          "T", [](const TensorHandle& t) { return with(t, t.transpose()); },
          "Dimensions reversed: a view.")
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
            return with(t, t.broadcast(to_extents(sequence_of(shape))));
          },
          "Dimensions of extent 1 repeated, without memory; read-only.",
          nb::sig("def broadcast_to(self, *shape: int | collections.abc.Sequence[int]) -> Tensor"))
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
      .def(
          "__repr__", [](const TensorHandle& t) { return to_string(t); },
          "Name, shape, dtype and storage. Reads no values, so that it never waits or fails.");
  bind_tensor_index(tensor);
  bind_tensor_values(tensor);
  // The last: in the stub's class, `numpy` is the method from here on.
  tensor.def("numpy", &numpy_view, "The same as host().",
             nb::sig("def numpy(self) -> numpy.typing.NDArray[typing.Any]"));
}

}  // namespace foundry::python
