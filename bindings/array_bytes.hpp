// ArrayBytes: the bytes of a contiguous numpy array, whatever its dtype, while the object lives.
#pragma once

#include <cstddef>
#include <span>

#include "module.hpp"

namespace foundry::python {

class ArrayBytes {
 public:
  /// As plain bytes: the buffer protocol has no format for bfloat16 and others.
  explicit ArrayBytes(nb::handle array) {
    const nb::object bytes = array.attr("reshape")(-1).attr("view")("uint8");
    if (PyObject_GetBuffer(bytes.ptr(), &buffer_, PyBUF_C_CONTIGUOUS)) nb::raise_python_error();
  }
  ~ArrayBytes() { PyBuffer_Release(&buffer_); }
  ArrayBytes(const ArrayBytes&) = delete;
  ArrayBytes& operator=(const ArrayBytes&) = delete;

  std::span<std::byte> bytes() const {
    return {static_cast<std::byte*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
  }
  bool is_read_only() const { return buffer_.readonly != 0; }

 private:
  Py_buffer buffer_{};
};

}  // namespace foundry::python
