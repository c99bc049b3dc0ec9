// Attention: causal, grouped-query, over the key and value cache; for decoding and for prompts.
#pragma once

#include "foundry/fusion/compound_kernel.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/stages/attention_*.metal. Strides in elements.
struct AttentionParams {
  std::uint32_t tokens;
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t start;   ///< position of the first token
  std::uint32_t window;  ///< positions that a query attends to at most; 0: all
  float scale;
  std::uint32_t k_position_stride;
  std::uint32_t k_head_stride;
  std::uint32_t v_position_stride;
  std::uint32_t v_head_stride;
};

enum class AttentionForm : std::uint8_t {
  automatic,  ///< decode for up to 4 tokens, prefill for more
  decode,     ///< a threadgroup per query head and token
  prefill,    ///< a lane per query; K and V pass through threadgroup memory
};

/// y = softmax(scale q K^T, over positions 0 .. start + t for token t) V, in f32, online.
/// q, y: (tokens, heads, head_dim), or (tokens, heads * head_dim), plain float types; k_cache,
/// v_cache: (capacity, kv_heads, head_dim) of one plain float type, innermost stride 1; the new
/// tokens' keys and values are in it already. heads is a multiple of kv_heads; head_dim is even, up
/// to 256.
struct Attention {
  AnyTensor q;
  AnyTensor k_cache;
  AnyTensor v_cache;
  AnyTensor y;
  std::uint32_t start = 0;
  float scale = 0.0f;  ///< 0: 1 / sqrt(head_dim)
  std::uint32_t window = 0;
  AttentionForm form = AttentionForm::automatic;

  void encode(Encoder& encoder) const;
  Traffic traffic() const;
  operator MainStage() const;
};

}  // namespace foundry::ops
