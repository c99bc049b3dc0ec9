// SsmScan: a recurrent layer whose state is a matrix for each head, which decays and grows with
// every token.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/places.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/ssm_scan.metal. Strides in elements.
struct SsmScanParams {
  std::uint32_t tokens;
  std::uint32_t heads;
  std::uint32_t head_dim;
  std::uint32_t state_size;
  std::uint32_t heads_of_group;
  std::uint32_t start;  ///< 0: nothing was before, and the state is zeros
  std::uint32_t xbc_stride;
  std::uint32_t dt_stride;
  std::uint32_t gate_stride;
};

inline constexpr std::uint32_t kMostStateRows = 16;  ///< which a lane keeps

struct SsmScan {
  AnyTensor xbc;
  AnyTensor dt;
  AnyTensor a;
  AnyTensor state;
  AnyTensor y;
  Scalar<std::uint32_t> start = {};
  AnyTensor dt_bias = {};
  AnyTensor d = {};
  AnyTensor gate = {};
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "The selective scan of Mamba 2 (Dao & Gu 2024), token by token: with s = softplus(dt + "
      "dt_bias) the state S of a head decays and grows, S = exp(s a) S + s B x^T, and answers, "
      "y = S^T C + d x; then y silu(gate). Neighbouring heads share the B and the C of a group. "
      "The state is read and written once for all tokens.",
      read<&SsmScan::xbc>(Elements::floats,
                          "(tokens, heads head_dim + 2 groups state_size): a row's x of all heads, "
                          "B of all groups, C of all groups; any stride of rows"),
      read<&SsmScan::dt>(Elements::floats, "(tokens, heads), any stride of rows"),
      read<&SsmScan::a>(Elements::floats, "(heads,)"),
      read_write<&SsmScan::state>(Elements::any, "(heads, state_size, head_dim); f32"),
      write<&SsmScan::y>(Elements::any, "(tokens, heads head_dim), no gaps; f32"), ByName{},
      setting<&SsmScan::start>(
          "position of the first token; at 0 the state counts as zeros, whatever stands there"),
      optional_read<&SsmScan::dt_bias>(Elements::floats, "(heads,)"),
      optional_read<&SsmScan::d>(Elements::floats, "(heads,)"),
      optional_read<&SsmScan::gate>(Elements::floats, "y's size, any stride of rows"),
      optional_read<&SsmScan::places>(Elements::any, kPlacesDocumentation));
};

}  // namespace foundry::ops
