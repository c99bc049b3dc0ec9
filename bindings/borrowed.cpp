// Host memory of others as tensors, without a copy: numpy arrays, buffers, DLPack.
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/core/release_queue.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

using Shared = std::shared_ptr<Runtime>;

unsafe::HostMemory host_memory(void* data, std::size_t length, bool is_read_only) {
  const std::span bytes(static_cast<std::byte*>(data), length);
  return is_read_only ? unsafe::HostMemory::read_only(bytes) : unsafe::HostMemory::writable(bytes);
}

/// An array's memory, held until the last tensor over it and the last command buffer are done.
class BorrowedArray final : public DeferredKeepable {
 public:
  explicit BorrowedArray(nb::handle bytes) {
    if (PyObject_GetBuffer(bytes.ptr(), &buffer_, PyBUF_C_CONTIGUOUS)) nb::raise_python_error();
  }
  ~BorrowedArray() override { PyBuffer_Release(&buffer_); }
  std::string describe() const override { return "a borrowed array"; }
  unsafe::HostMemory memory() const {
    return host_memory(buffer_.buf, static_cast<std::size_t>(buffer_.len), buffer_.readonly);
  }

 private:
  Py_buffer buffer_{};
};

/// What a DLPack producer lent: returned to it when the last tensor and command buffer are done.
class BorrowedCapsule final : public DeferredKeepable {
 public:
  explicit BorrowedCapsule(nb::ndarray<nb::ro> lent) : lent_(std::move(lent)) {}
  std::string describe() const override { return "borrowed DLPack memory"; }

 private:
  nb::ndarray<nb::ro> lent_;
};

/// The dtype of a DLPack type; DTypeError where there is none.
DType dtype_of_dlpack(nb::dlpack::dtype type) {
  for (std::size_t i = 0; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (!is_block(dtype) && dlpack_dtype(dtype) == type) return dtype;
  }
  throw DTypeError(concat("from_dlpack: DLPack type code ", static_cast<unsigned>(type.code),
                          " of ", static_cast<unsigned>(type.bits), " bits and ", type.lanes,
                          type.lanes == 1 ? " lane" : " lanes", " has no element type; there are ",
                          supported_dtypes()));
}

/// What `source` lends, writable if it may be. It must lie in host memory.
std::pair<nb::ndarray<nb::ro>, bool> import_dlpack(nb::handle source) {
  const std::string type = nb::type_name(source.type()).c_str();
  if (!nb::hasattr(source, "__dlpack__")) {
    throw ArgumentError(
        concat("from_dlpack: a ", type, " has no __dlpack__; Foundry.tensor() copies its values"));
  }
  if (nb::hasattr(source, "__dlpack_device__")) {
    const nb::object device = source.attr("__dlpack_device__")();
    if (!device.equal(nb::make_tuple(1, 0))) {  // kDLCPU
      throw StorageError(concat("from_dlpack: the ", type, " is on DLPack device ", text_of(device),
                                "; host memory, (1, 0), can be shared"));
    }
  }
  nb::ndarray<> writable;
  if (nb::try_cast(source, writable, false)) return {nb::ndarray<nb::ro>(writable), false};
  nb::ndarray<nb::ro> read_only;
  if (nb::try_cast(source, read_only, false)) return {read_only, true};
  // The producer's own reason, if it has one.
  const nb::object capsule = source.attr("__dlpack__")();
  throw StorageError(concat("from_dlpack: the ", type, " lends nothing that can be read"));
}

Extents extents_of(const nb::ndarray<nb::ro>& array) {
  std::array<std::uint64_t, kMaxRank> extents{};
  if (array.ndim() > kMaxRank) {
    throw ShapeError(concat("from_dlpack: ", array.ndim(), " dimensions, the most is ", kMaxRank));
  }
  for (std::size_t i = 0; i < array.ndim(); ++i) extents[i] = array.shape(i);
  return Extents(std::span<const std::uint64_t>(extents.data(), array.ndim()));
}

bool is_row_major_array(const nb::ndarray<nb::ro>& array, const Extents& extents) {
  Strides strides;
  for (std::size_t i = 0; i < array.ndim(); ++i) {
    if (array.stride(i) < 0 && extents[i] != 1) return false;
    strides.push_back(static_cast<std::uint64_t>(array.stride(i)));
  }
  return is_row_major(extents, strides);
}

}  // namespace

TensorHandle borrow(const Shared& runtime, nb::handle source, nb::handle dtype, nb::handle shape,
                    std::string name) {
  drain_released();
  const nb::module_ numpy = nb::module_::import_("numpy");
  nb::object array = nb::borrow(source);
  if (!nb::isinstance(source, numpy.attr("ndarray"))) {
    if (!PyObject_CheckBuffer(source.ptr())) {
      throw ArgumentError(concat("borrow: a ", nb::type_name(source.type()).c_str(),
                                 " has no memory to share; it takes a numpy array or a buffer"));
    }
    array = numpy.attr("asarray")(nb::steal(PyMemoryView_FromObject(source.ptr())));
  }
  if (!nb::cast<bool>(array.attr("flags").attr("c_contiguous"))) {
    throw StorageError(concat("borrow: the array of shape ", text_of(array.attr("shape")),
                              " and strides ", text_of(array.attr("strides")),
                              " is not contiguous; Foundry.tensor() copies it"));
  }
  if (dtype.is_none() != shape.is_none()) {
    throw ArgumentError("borrow: `dtype` and `shape` say together what the bytes are");
  }
  const DType type = dtype.is_none() ? dtype_of_numpy(array.attr("dtype")) : to_dtype(dtype);
  const Extents extents = to_extents(shape.is_none() ? nb::handle(array.attr("shape")) : shape);
  const nb::object bytes = array.attr("reshape")(-1).attr("view")("uint8");
  auto* owner = new BorrowedArray(bytes);
  KeepAlive claim(*owner, Holder::tensor());
  const unsafe::HostMemory memory = owner->memory();
  if (memory.length() != byte_length(extents, type)) {
    throw ShapeError(concat("borrow: ", to_string(extents), " ", name_of(type), " has ",
                            byte_length(extents, type), " bytes, the array ", memory.length()));
  }
  return {AnyTensor::borrowed(runtime->device(), memory, std::move(claim), extents, type,
                              std::move(name)),
          runtime};
}

TensorHandle from_dlpack(const Shared& runtime, nb::handle source, bool copy, std::string name) {
  drain_released();
  auto [array, is_read_only] = import_dlpack(source);
  const DType dtype = dtype_of_dlpack(array.dtype());
  const Extents extents = extents_of(array);
  if (!is_row_major_array(array, extents)) {
    throw StorageError(
        concat("from_dlpack: ", to_string(extents), " ", name_of(dtype),
               " is not contiguous; make it so first, or Foundry.tensor() copies it"));
  }
  const std::uint64_t length = byte_length(extents, dtype);
  if (copy) {
    TensorHandle tensor(AnyTensor::dedicated(runtime->device(), extents, dtype, StorageMode::shared,
                                             std::move(name)),
                        runtime);
    tensor.copy_from_host(runtime->stream(), {static_cast<const std::byte*>(array.data()),
                                              static_cast<std::size_t>(length)});
    return tensor;
  }
  // nanobind's read-only array hides the pointer's constness, not what the producer allowed.
  const unsafe::HostMemory memory =
      host_memory(const_cast<void*>(array.data()), length, is_read_only);
  auto* owner = new BorrowedCapsule(std::move(array));
  KeepAlive claim(*owner, Holder::tensor());
  return {AnyTensor::borrowed(runtime->device(), memory, std::move(claim), extents, dtype,
                              std::move(name)),
          runtime};
}

}  // namespace foundry::python
