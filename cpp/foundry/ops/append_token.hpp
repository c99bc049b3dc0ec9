// AppendToken: a drawn token into a ring buffer that the host reads, and out of the penalties'
// window.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/append_token.metal.
struct AppendTokenParams {
  std::uint32_t position;
  std::uint32_t capacity;
  std::uint32_t window;
  std::uint32_t columns;
};

struct AppendToken {
  AnyTensor token;
  AnyTensor ring;
  AnyTensor counts;
  Scalar<std::uint32_t> position = {};
  std::uint32_t window = 0;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "ring[position % capacity] = token. With counts, to which Sample has added the token, the "
      "one that stood `window` positions before is taken off again: the penalties look at the last "
      "`window`. Ids outside of counts are ignored.",
      read<&AppendToken::token>(Elements::index, "(1,)"),
      read_write<&AppendToken::ring>(Elements::index,
                                     "(capacity,), token's dtype; longer than the window"),
      optional_read_write<&AppendToken::counts>(Elements::any, "(columns,); u32"), ByName{},
      setting<&AppendToken::position>("of the token"),
      setting<&AppendToken::window>("tokens that the penalties look at"));
};

}  // namespace foundry::ops
