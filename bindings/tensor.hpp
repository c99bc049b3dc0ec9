// TensorHandle: what a Python Tensor is, and how shapes and tensors cross the border.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundry/runtime/foundry.hpp"
#include "foundry/tensor/any_tensor.hpp"
#include "module.hpp"

namespace foundry::python {

/// A Foundry that the interpreter's exit waits for.
class Runtime final : public Foundry {
 public:
  Runtime(const Device& device, const FoundryOptions& options);
  ~Runtime();
};

/// A tensor with the runtime that made it, whose stream copies private storage. Ops take it as the
/// AnyTensor that it is.
struct TensorHandle : AnyTensor {
  std::shared_ptr<Runtime> runtime;

  TensorHandle(AnyTensor tensor, std::shared_ptr<Runtime> owner)
      : AnyTensor(std::move(tensor)), runtime(std::move(owner)) {}
};

/// An arena of a runtime, which it keeps alive.
struct ArenaHandle {
  std::shared_ptr<Runtime> runtime;
  Arena* arena;
};

/// Rewinds its arena on leaving. Entering twice is an error.
class ArenaScopeHandle {
 public:
  explicit ArenaScopeHandle(ArenaHandle arena) : arena_(std::move(arena)) {}
  ArenaScopeHandle& enter();
  void leave();
  const std::string& arena_name() const { return arena_.arena->name(); }
  bool is_entered() const noexcept { return scope_.has_value(); }

 private:
  ArenaHandle arena_;
  std::optional<ArenaScope> scope_;
};

/// A tensor from an arena; `init` is None or the values.
TensorHandle alloc(const ArenaHandle& arena, nb::handle shape, nb::handle dtype, nb::handle init,
                   std::string name);

/// zeros, ones, full, arange.
void bind_creation(nb::class_<Runtime>& runtime);

/// A DType, its name, or anything that numpy makes a dtype of; DTypeError for the rest, and for the
/// byte order of another machine.
DType to_dtype(nb::handle dtype);
/// A shape from an int or a sequence of ints; ShapeError for a negative or a too large one,
/// ArgumentTypeError for anything else.
Extents to_extents(nb::handle shape);
nb::tuple to_tuple(const Dimensions& values);
/// ShapeError unless the numpy array has the shape; `what`, `name` and `dtype` are the message's.
void require_shape(const nb::object& array, const Extents& extents, const char* what,
                   const std::string& name, DType dtype);

/// str(value) for a message: cut where it is long, and never an error.
std::string text_of(nb::handle value);
/// The name of the value's type, without its module.
std::string type_name_of(nb::handle value);

/// The exception of `error`, set as Python's current one: for slots that nanobind does not guard.
void set_python_error(const std::exception& error) noexcept;

/// Whether a Python exception stays what it is: Foundry's own, out of memory, or no `Exception`
/// (KeyboardInterrupt).
bool passes_through(const nb::python_error& error);
[[noreturn]] inline void rethrow(nb::python_error error) {
  error.restore();
  nb::raise_python_error();
}
/// Throws T with `error` as its cause, or `error` itself if it passes through.
template <class T>
[[noreturn]] void throw_for(const nb::python_error& error, const std::string& message) {
  if (passes_through(error)) rethrow(error);
  try {
    rethrow(error);
  } catch (const nb::python_error&) {
    std::throw_with_nested(T(message));
  }
}

/// Slots of Tensor's type that serve the buffer protocol.
PyType_Slot* buffer_slots();
/// A numpy array over the tensor's memory (bfloat16 as ml_dtypes.bfloat16), after waiting for the
/// device. StorageError if it is private, DTypeError for a block dtype.
nb::object numpy_view(const TensorHandle& tensor);
/// The same for `__array__`, which numpy calls after it has dropped what the buffer protocol
/// raised: an exception of a signal's handler is raised again.
nb::object array_view(const TensorHandle& tensor);
/// The values copied out of any storage; of a block dtype its bytes.
nb::object numpy_copy(const TensorHandle& tensor);
/// A numpy array over `data`, which `owner` holds; strides in elements. Of a block dtype: of bytes.
nb::object numpy_array(DType dtype, void* data, const Dimensions& extents, const Strides& strides,
                       bool is_read_only, nb::object owner);
/// numpy's dtype of a dtype; of a block dtype uint8. bfloat16 comes from ml_dtypes.
nb::object numpy_dtype(DType dtype);
/// The dtype of a numpy dtype, or of what numpy makes one of; DTypeError where there is none.
DType dtype_of_numpy(nb::handle dtype);
/// The elements' bytes, row-major, copied out of any storage. ShapeError for private storage that
/// is not contiguous.
std::vector<std::byte> copied_bytes(const TensorHandle& tensor);
/// StorageError unless the host sees the tensor's memory, DTypeError if it is of a block dtype;
/// `what` opens the message.
void require_viewable(const AnyTensor& tensor, const char* what);
/// After its values were read: throws if they were a file's that was cut meanwhile.
void require_still_there(const AnyTensor& tensor);

/// A tensor over an array's or a buffer's own memory; `dtype` and `shape` None: the array's.
TensorHandle borrow(const std::shared_ptr<Runtime>& runtime, nb::handle source, nb::handle dtype,
                    nb::handle shape, std::string name);
/// A tensor over the memory that a DLPack producer lends, or a copy of it. Read-only unless the
/// producer says that it may be written, which only a versioned capsule can.
TensorHandle from_dlpack(const std::shared_ptr<Runtime>& runtime, nb::handle source, bool copy,
                         std::string name);

}  // namespace foundry::python
