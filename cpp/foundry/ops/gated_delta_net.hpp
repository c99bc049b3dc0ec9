// GatedDeltaNet: a recurrent layer whose state is a matrix for each head, which every token
// corrects.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/places.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/gated_delta_net.metal. Strides in elements.
struct GatedDeltaNetParams {
  std::uint32_t tokens;  ///< of a sequence; with places each has one
  std::uint32_t heads;
  std::uint32_t key_heads;
  std::uint32_t values;  ///< elements of a value
  std::uint32_t tiled;
  std::uint32_t start;  ///< 0: nothing was before, and the state is zeros
  std::uint32_t q_token_stride;
  std::uint32_t q_head_stride;
  std::uint32_t k_token_stride;
  std::uint32_t k_head_stride;
  std::uint32_t v_token_stride;
  std::uint32_t v_head_stride;
  std::uint32_t decay_token_stride;
  std::uint32_t decay_group_stride;
  std::uint32_t decay_group;  ///< heads that lie side by side
  std::uint32_t beta_token_stride;
  std::uint32_t beta_group_stride;
  std::uint32_t beta_group;
  float scale;
  float epsilon;
};

inline constexpr std::uint32_t kMostDeltaKeys = 256;  ///< elements of a key, which lanes keep

struct GatedDeltaNet {
  AnyTensor q;
  AnyTensor k;
  AnyTensor v;
  AnyTensor decay;
  AnyTensor beta;
  AnyTensor state;
  AnyTensor y;
  Scalar<std::uint32_t> start = {};
  AnyTensor decay_scale = {};
  AnyTensor decay_bias = {};
  float scale = 0.0f;
  float epsilon = 1e-6f;
  bool tiled = false;
  std::uint32_t lanes = 0;
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "The gated delta rule (Yang, Kautz & Hatamizadeh 2024), token by token: the state S of a "
      "head decays, S = exp(g) S, takes the difference between the value and what it holds for the "
      "key, S = S + b k (v - S^T k), and answers, y = scale S^T q. q and k are divided by their "
      "lengths, g is decay_scale softplus(decay + decay_bias) and b sigmoid(beta). Several "
      "value heads may share a key head. The state is read and written once for all tokens.",
      read<&GatedDeltaNet::q>(Elements::floats,
                              "(tokens, key heads, key_dim), any strides but the innermost, which "
                              "is 1; key_dim is up to 256"),
      read<&GatedDeltaNet::k>(Elements::floats, "as q, of the same dtype"),
      read<&GatedDeltaNet::v>(
          Elements::floats, "(tokens, heads, value_dim), likewise; heads a multiple of key heads"),
      read<&GatedDeltaNet::decay>(Elements::floats,
                                  "(tokens, heads), or a view of it as (tokens, groups, heads of a "
                                  "group), any strides but the innermost"),
      read<&GatedDeltaNet::beta>(Elements::floats, "as decay"),
      read_write<&GatedDeltaNet::state>(Elements::any, "(heads, key_dim, value_dim); f32"),
      write<&GatedDeltaNet::y>(Elements::floats, "(tokens, heads, value_dim), no gaps"), ByName{},
      setting<&GatedDeltaNet::start>(
          "position of the first token; at 0 the state counts as zeros, whatever stands there"),
      optional_read<&GatedDeltaNet::decay_scale>(
          Elements::floats, "(heads,); without it g is decay + decay_bias itself"),
      optional_read<&GatedDeltaNet::decay_bias>(Elements::floats, "(heads,)"),
      setting<&GatedDeltaNet::scale>("of the answers; 0: 1 / sqrt(key_dim)"),
      setting<&GatedDeltaNet::epsilon>("added to the squares of q's and k's lengths"),
      setting<&GatedDeltaNet::tiled>(
          "head h has key head h % key heads (Qwen 3.5); else neighbours share one (Qwen 3 Next)"),
      setting<&GatedDeltaNet::lanes>(
          "lanes that share a column of the state, a power of two up to 32; 0: chosen"),
      optional_read<&GatedDeltaNet::places>(Elements::any, kPlacesDocumentation));
};

}  // namespace foundry::ops
