// Foundry.borrow: the memory of a numpy array or of any buffer as a tensor, without a copy.
#include <string>
#include <utility>

#include "array_bytes.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/release_queue.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

/// An array's memory, held until the last tensor over it and the last command buffer are done.
class BorrowedArray final : public DeferredKeepable {
 public:
  explicit BorrowedArray(nb::handle array) : bytes_(array) {}
  std::string describe() const override { return "a borrowed array"; }
  unsafe::HostMemory memory() const {
    return bytes_.is_read_only() ? unsafe::HostMemory::read_only(bytes_.bytes())
                                 : unsafe::HostMemory::writable(bytes_.bytes());
  }

 private:
  ArrayBytes bytes_;
};

/// The numpy array over the memory of an array or a buffer.
nb::object array_over(nb::handle source) {
  const nb::object asarray = nb::module_::import_("numpy").attr("asarray");
  if (nb::isinstance(source, nb::module_::import_("numpy").attr("ndarray"))) return asarray(source);
  if (!PyObject_CheckBuffer(source.ptr())) {
    throw ArgumentError(concat("borrow: a ", type_name_of(source),
                               " has no memory to share; it takes a numpy array or a buffer"));
  }
  try {
    const nb::object view = nb::steal(PyMemoryView_FromObject(source.ptr()));
    if (!view.is_valid()) nb::raise_python_error();
    return asarray(view);
  } catch (nb::python_error& error) {
    throw_for<StorageError>(
        error, concat("borrow: the ", type_name_of(source), " has no memory that numpy reads"));
  }
}

/// Refuses memory whose bytes do not mean what they would on this machine.
void require_plain_memory(const nb::object& array) {
  const nb::object dtype = array.attr("dtype");
  if (nb::cast<bool>(dtype.attr("hasobject"))) {
    throw DTypeError(concat("borrow: numpy dtype ", text_of(dtype),
                            " holds Python objects; unsupported, supported: ", supported_dtypes()));
  }
  if (!nb::cast<bool>(dtype.attr("isnative"))) {
    throw StorageError(concat("borrow: the array of shape ", text_of(array.attr("shape")),
                              " has the byte order of another machine (numpy dtype '",
                              text_of(dtype.attr("str")), "'); Foundry.tensor() copies it"));
  }
  if (!nb::cast<bool>(array.attr("flags").attr("c_contiguous"))) {
    throw StorageError(concat("borrow: the array of shape ", text_of(array.attr("shape")),
                              " and strides ", text_of(array.attr("strides")),
                              " is not contiguous; Foundry.tensor() copies it"));
  }
}

}  // namespace

TensorHandle borrow(const std::shared_ptr<Runtime>& runtime, nb::handle source, nb::handle dtype,
                    nb::handle shape, std::string name) {
  drain_released();
  const nb::object array = array_over(source);
  require_plain_memory(array);
  if (dtype.is_none() != shape.is_none()) {
    throw ArgumentError("borrow: `dtype` and `shape` say together what the bytes are");
  }
  const DType type = dtype.is_none() ? dtype_of_numpy(array.attr("dtype")) : to_dtype(dtype);
  const Extents extents = to_extents(shape.is_none() ? nb::handle(array.attr("shape")) : shape);
  auto* owner = new BorrowedArray(array);
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

}  // namespace foundry::python
