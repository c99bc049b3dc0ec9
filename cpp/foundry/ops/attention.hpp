// Attention: grouped-query, over the key and value cache; for decoding and for prompts.
#pragma once

#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/lib/attention.metal. Strides in elements.
struct AttentionParams {
  std::uint32_t tokens;
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t start;   ///< position of the first token
  std::uint32_t window;  ///< positions that a query attends to at most; 0: all
  std::uint32_t causal;  ///< 1: nothing after a token's own position
  std::uint32_t splits;  ///< parts of the positions, a threadgroup each
  float scale;
  float soft_cap;  ///< 0: none
  std::uint32_t k_position_stride;
  std::uint32_t k_head_stride;
  std::uint32_t v_position_stride;
  std::uint32_t v_head_stride;
  std::uint32_t mask_head_stride;
  std::uint32_t mask_token_stride;
};

enum class AttentionForm : std::uint8_t {
  automatic,  ///< decode for up to 4 tokens, prefill for more
  decode,     ///< a threadgroup per token and group of query heads, or several
  prefill,    ///< a lane per query; K and V pass through threadgroup memory
};

/// y = softmax(scale q K^T + mask) V, in f32, online (Dao et al., "FlashAttention", 2022).
///
/// q, y: (tokens, heads, head_dim), or (tokens, heads * head_dim), plain float types. k_cache,
/// v_cache: (capacity, kv_heads, head_dim) of one plain float type, any strides but the innermost,
/// which is 1; the new tokens' keys and values are in it already. heads is a multiple of kv_heads;
/// head_dim is even, up to 256.
///
/// Token t stands at position start + t. It attends to positions 0 to start + t, or without
/// `causal` to start + tokens - 1; with a window, to none before start + t + 1 - window. A query
/// that may attend to nothing, its mask being all -inf, gives zeros. NaN in goes NaN out.
///
/// Throws ShapeError, DTypeError and ArgumentError with the sizes.
struct Attention {
  AnyTensor q;
  AnyTensor k_cache;
  AnyTensor v_cache;
  AnyTensor y;
  Scalar<std::uint32_t> start = {};
  float scale = 0.0f;  ///< 0: 1 / sqrt(head_dim)
  std::uint32_t window = 0;
  AttentionForm form = AttentionForm::automatic;
  bool causal = true;
  /// Scores become soft_cap * tanh(score / soft_cap), before the mask; 0: as they are (Gemma 2).
  float soft_cap = 0.0f;
  /// Optional, a plain float type, added to the scores: (tokens, positions) or (heads, tokens,
  /// positions), for start + tokens positions at least; -inf hides one.
  AnyTensor mask = {};
  /// Optional f32: with it, decoding splits a long context over more threadgroups than there are
  /// heads, and a second dispatch merges the parts. attention_scratch() says how much is of use;
  /// with less, there are fewer parts.
  AnyTensor scratch = {};
  std::uint32_t splits = 0;  ///< parts of the context, up to kMaxAttentionSplits; 0: chosen

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;
};

inline constexpr std::uint32_t kMaxAttentionSplits = 32;  ///< a lane of the merging simdgroup each

/// Elements of scratch that `splits` parts need.
[[nodiscard]] constexpr std::uint64_t attention_scratch(
    std::uint64_t tokens, std::uint64_t heads, std::uint64_t head_dim,
    std::uint64_t splits = kMaxAttentionSplits) {
  return tokens * heads * splits * (head_dim + 2);
}

}  // namespace foundry::ops
