// Host views of tensors: the buffer protocol and numpy arrays, each holding the lease.
#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "array_bytes.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/release_queue.hpp"
#include "foundry/tensor/dtype_codes.hpp"
#include "interpreter_exit.hpp"
#include "tensor.hpp"

namespace foundry::python {
void require_viewable(const AnyTensor& tensor, const char* what) {
  const auto quoted = [&] {
    return tensor.name().empty() ? "a tensor" : "'" + tensor.name() + "'";
  };
  if (!is_host_visible(tensor.mode())) {
    throw StorageError(
        concat(what, " of ", quoted(), ": its storage is private to the GPU; use .copy_to_host()"));
  }
  if (is_block(tensor.dtype())) {
    throw DTypeError(concat(what, " of ", quoted(), ": ", name_of(tensor.dtype()),
                            " is a block format; use .copy_to_host() for its bytes"));
  }
}

namespace {

/// The tensor's bytes once the device is done with them. A tensor that nothing may write waits for
/// its last write only.
std::byte* wait_for_host(const AnyTensor& tensor) {
  // A view for numpy is const only by its flags: both forms open the same memory.
  return tensor.is_read_only() ? const_cast<std::byte*>(tensor.host_bytes().data())
                               : tensor.host_bytes_mutable().data();
}

/// What a live Py_buffer holds in place of the tensor: its own claim on the lease, so that messages
/// say who holds it, and the shape and strides that the buffer points to.
struct HostView {
  KeepAlive claim;
  std::vector<std::byte> copied;  // or this
  std::array<Py_ssize_t, kMaxRank> shape{};
  std::array<Py_ssize_t, kMaxRank> strides{};
};

int refuse(const char* reason) {
  PyErr_SetString(PyExc_BufferError, reason);
  return -1;
}

int fill_buffer(const TensorHandle& tensor, Py_buffer* view, int flags) {
  require_viewable(tensor, "buffer view");
  const char* format = codes_of(tensor.dtype()).format;
  if (!format) return refuse("bfloat16 has no buffer format; numpy.asarray() gives a view");
  if ((flags & PyBUF_WRITABLE) && tensor.is_read_only()) return refuse("the tensor is read-only");
  const bool wants_strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
  const bool wants_c = (flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS;
  const bool wants_f = (flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS;
  if ((wants_c || !wants_strides) && !tensor.is_contiguous()) {
    return refuse("the tensor is not contiguous");
  }
  if (wants_f && !(tensor.is_contiguous() && tensor.rank() <= 1)) {
    return refuse("the tensor is not Fortran-contiguous");
  }

  auto host = std::make_unique<HostView>();
  const Py_ssize_t size = info(tensor.dtype()).block_bytes;
  for (std::size_t axis = 0; axis < tensor.rank(); ++axis) {
    host->shape[axis] = static_cast<Py_ssize_t>(tensor.extents()[axis]);
    host->strides[axis] = static_cast<Py_ssize_t>(tensor.strides()[axis]) * size;
  }
  view->buf = wait_for_host(tensor);
  if (flags == PyBUF_SIMPLE && tensor.is_read_only()) {
    // Who asks for no more than bytes cannot be told not to write them: torch.asarray asks so once
    // it was refused what it may write, and takes it all the same.
    host->copied = copied_bytes(tensor);
    view->buf = host->copied.data();
  } else {
    host->claim = tensor.lease().held_by(Holder::array());
  }
  view->len = static_cast<Py_ssize_t>(tensor.count()) * size;
  view->itemsize = size;
  view->readonly = tensor.is_read_only();
  view->ndim = static_cast<int>(tensor.rank());
  view->format = (flags & PyBUF_FORMAT) ? const_cast<char*>(format) : nullptr;
  view->shape = (flags & PyBUF_ND) ? host->shape.data() : nullptr;
  view->strides = wants_strides ? host->strides.data() : nullptr;
  view->suboffsets = nullptr;
  view->internal = nullptr;
  // A capsule, not a class of nanobind's: a view is to cost no more than a memoryview.
  view->obj = PyCapsule_New(host.get(), nullptr, [](PyObject* capsule) {
    delete static_cast<HostView*>(PyCapsule_GetPointer(capsule, nullptr));
  });
  if (!view->obj) return -1;
  static_cast<void>(host.release());  // the capsule owns it now
  return 0;
}

/// What a signal's handler raised in this thread's last call of get_buffer(). numpy drops what that
/// call raises and tries `__array__`, which raises it again; others hand it on, and whoever catches
/// it adds to its traceback. Not released with the thread, which may not hold the GIL then.
struct Lost {
  PyObject* exception = nullptr;
  PyObject* traceback = nullptr;  // of the exception, as it was raised
};
thread_local Lost lost;
bool has_lost = false;  // whether any thread ever did: spares the others a look at their own

void keep_for_numpy(const nb::python_error& error) noexcept {
  has_lost = true;
  Py_XSETREF(lost.exception, Py_NewRef(error.value().ptr()));
  lost.traceback = PyException_GetTraceback(lost.exception);
  Py_XDECREF(lost.traceback);  // the exception has it
}

void raise_what_numpy_dropped() {
  if (!has_lost || !lost.exception) return;
  const nb::object exception = nb::steal(std::exchange(lost.exception, nullptr));
  const nb::object traceback = nb::steal(PyException_GetTraceback(exception.ptr()));
  if (traceback.ptr() != lost.traceback) return;  // it was caught
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
  nb::raise_python_error();
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) noexcept {
  const CallScope inside;
  view->obj = nullptr;
  if (has_lost && lost.exception) Py_CLEAR(lost.exception);
  try {
    return fill_buffer(*nb::inst_ptr<TensorHandle>(self), view, flags);
  } catch (nb::python_error& error) {
    keep_for_numpy(error);
    error.restore();
  } catch (const std::exception& error) {
    set_python_error(error);
  } catch (...) {
    sleep_for_good();
  }
  return -1;
}

/// What an array of others holds in place of the tensor: a claim on its lease. The capsule is the
/// claim itself; nothing else is allocated.
nb::object array_claim(const AnyTensor& tensor) {
  Keepable* target = tensor.lease().target();
  target->keep(Holder::array());
  nb::object capsule = nb::steal(PyCapsule_New(target, nullptr, [](PyObject* owner) {
    static_cast<Keepable*>(PyCapsule_GetPointer(owner, nullptr))->release(Holder::array());
  }));
  if (!capsule.is_valid()) {
    target->release(Holder::array());
    nb::raise_python_error();
  }
  return capsule;
}

}  // namespace

PyType_Slot* buffer_slots() {
  static PyType_Slot slots[] = {{Py_bf_getbuffer, std::bit_cast<void*>(&get_buffer)}, {0, nullptr}};
  return slots;
}

nb::object numpy_view(const TensorHandle& tensor) {
  drain_released();
  require_viewable(tensor, "numpy view");
  std::byte* data = wait_for_host(tensor);
  return numpy_array(tensor.dtype(), data, tensor.extents().dimensions(), tensor.strides(),
                     tensor.is_read_only(), array_claim(tensor));
}

namespace {

nb::object copy_of_view(const TensorHandle& tensor) {
  nb::object copy = numpy_view(tensor).attr("copy")();
  require_still_there(tensor);
  return copy;
}

}  // namespace

void require_still_there(const AnyTensor& tensor) {
  if (is_host_visible(tensor.mode())) static_cast<void>(tensor.buffer().host());
}

std::vector<std::byte> copied_bytes(const TensorHandle& tensor) {
  if (tensor.is_contiguous() || !is_host_visible(tensor.mode())) {
    return tensor.copy_to_host(tensor.runtime->stream());
  }
  const ArrayBytes values(copy_of_view(tensor));
  return {values.bytes().begin(), values.bytes().end()};
}

nb::object array_view(const TensorHandle& tensor) {
  raise_what_numpy_dropped();
  return numpy_view(tensor);
}

nb::object numpy_copy(const TensorHandle& tensor) {
  if (is_host_visible(tensor.mode()) && !is_block(tensor.dtype())) {
    return copy_of_view(tensor);
  }
  auto copied = std::make_unique<std::vector<std::byte>>(copied_bytes(tensor));
  std::byte* data = copied->data();
  nb::capsule owner(copied.get(), [](void* pointer) noexcept {
    delete static_cast<std::vector<std::byte>*>(pointer);
  });
  static_cast<void>(copied.release());  // the capsule's now
  if (is_block(tensor.dtype())) {
    Dimensions length, step;
    length.push_back(tensor.byte_length());
    step.push_back(1);
    return numpy_array(tensor.dtype(), data, length, step, false, owner);
  }
  return numpy_array(tensor.dtype(), data, tensor.extents().dimensions(),
                     row_major(tensor.extents()), false, owner);
}

}  // namespace foundry::python
