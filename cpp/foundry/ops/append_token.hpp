// AppendToken: a drawn token into a ring buffer that the host reads, and out of the penalties'
// window.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/append_token.metal.
struct AppendTokenParams {
  std::uint32_t position;
  std::uint32_t capacity;
  std::uint32_t window;
  std::uint32_t columns;
};

/// ring[position % capacity] = token. With `counts`, to which Sample has added the token, the one
/// that stood `window` positions before is taken off again: the penalties look at the last
/// `window`. token: (1,) i32 or u32; ring: (capacity,) of the same dtype, longer than the window;
/// counts, optional: (columns,) u32. Ids outside of counts are ignored.
struct AppendToken {
  AnyTensor token;
  AnyTensor ring;
  AnyTensor counts;
  Scalar<std::uint32_t> position = {};
  std::uint32_t window = 0;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
