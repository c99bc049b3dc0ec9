// Checks that the ops share: private to ops.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "foundry/core/error.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry::ops {

inline void require_present(std::string_view op, std::string_view what, const AnyTensor& tensor) {
  if (!tensor) throw ArgumentError(concat(op, ": ", what, " is missing"));
}

/// f32, f16 or bf16.
inline void require_float(std::string_view op, std::string_view what, const AnyTensor& tensor) {
  require_present(op, what, tensor);
  if (!info(tensor.dtype()).is_float || is_block(tensor.dtype())) {
    throw DTypeError(concat(op, ": ", what, " takes f32, f16 or bf16, got ", tensor.describe()));
  }
}

/// Any type but a block.
inline void require_plain(std::string_view op, std::string_view what, const AnyTensor& tensor) {
  require_present(op, what, tensor);
  if (is_block(tensor.dtype())) {
    throw DTypeError(concat(op, ": ", what, " takes a plain type, got ", tensor.describe()));
  }
}

/// i32 or u32.
inline void require_index(std::string_view op, std::string_view what, const AnyTensor& tensor) {
  require_present(op, what, tensor);
  if (tensor.dtype() != DType::i32 && tensor.dtype() != DType::u32) {
    throw DTypeError(concat(op, ": ", what, " takes i32 or u32, got ", tensor.describe()));
  }
}

inline void require_count(std::string_view op, std::string_view what, const AnyTensor& tensor,
                          std::uint64_t count) {
  require_present(op, what, tensor);
  if (tensor.count() != count) {
    throw ShapeError(concat(op, ": ", what, " is ", to_string(tensor.extents()), ": ",
                            tensor.count(), " elements where ", count, " are needed"));
  }
}

/// A number that shaders hold in 32 bits.
[[nodiscard]] inline std::uint32_t in_32_bits(std::string_view op, std::string_view what,
                                              std::uint64_t value) {
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    throw ShapeError(concat(op, ": ", what, " is ", value, ", up to 2^32 - 1 is possible"));
  }
  return static_cast<std::uint32_t>(value);
}

/// Of a tensor that may be left out.
[[nodiscard]] inline std::optional<DType> dtype_if_any(const AnyTensor& tensor) {
  return tensor ? std::optional(tensor.dtype()) : std::nullopt;
}

}  // namespace foundry::ops
