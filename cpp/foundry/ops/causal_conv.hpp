// CausalConv: a short convolution over tokens, of every channel by itself, which goes on from the
// last inputs of what was before.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/places.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/causal_conv.metal. Strides in elements.
struct CausalConvParams {
  std::uint32_t tokens;
  std::uint32_t channels;
  std::uint32_t start;  ///< 0: nothing was before
  std::uint32_t silu;
  std::uint32_t x_stride;
  std::uint32_t y_stride;
  std::uint32_t input_gate_stride;
  std::uint32_t output_gate_stride;
};

inline constexpr std::uint32_t kMostConvTaps = 16;  ///< which a thread keeps

struct CausalConv {
  AnyTensor x;
  AnyTensor weights;
  AnyTensor state;
  AnyTensor y;
  Scalar<std::uint32_t> start = {};
  AnyTensor bias = {};
  AnyTensor input_gate = {};
  AnyTensor output_gate = {};
  bool silu = false;
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "A short convolution over tokens, channel by channel: y[t] = bias + the sum of weights[j] "
      "x[t - taps + 1 + j], where x before the first token is the state; the last taps - 1 inputs "
      "become the state. x may be multiplied by a gate before, and y by one after (LFM 2).",
      read<&CausalConv::x>(Elements::floats,
                           "(tokens, channels), any strides but the innermost, which is 1"),
      read<&CausalConv::weights>(Elements::floats, "(channels, taps), 2 to 16 taps"),
      read_write<&CausalConv::state>(Elements::any, "(taps - 1, channels); f32"),
      write<&CausalConv::y>(Elements::floats, "(tokens, channels), strides as x's"), ByName{},
      setting<&CausalConv::start>(
          "position of the first token; at 0 the state counts as zeros, whatever stands there"),
      optional_read<&CausalConv::bias>(Elements::floats, "(channels,)"),
      optional_read<&CausalConv::input_gate>(Elements::floats, "x's size, strides likewise"),
      optional_read<&CausalConv::output_gate>(Elements::floats, "x's size, strides likewise"),
      setting<&CausalConv::silu>("y goes through SiLU before its gate (Mamba, Qwen 3 Next)"),
      optional_read<&CausalConv::places>(Elements::any, kPlacesDocumentation));
};

}  // namespace foundry::ops
