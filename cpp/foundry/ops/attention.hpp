// Attention: grouped-query, over the key and value cache; for decoding and for prompts.
#pragma once

#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/places.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/lib/attention.metal. Strides in elements, of caches in blocks in those.
struct AttentionParams {
  std::uint32_t tokens;
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t start;   ///< position of the first token
  std::uint32_t window;  ///< positions that a query attends to at most; 0: all
  std::uint32_t ahead;   ///< positions after its own that a query attends to at most
  std::uint32_t splits;  ///< parts of the positions, a threadgroup each
  float scale;
  float soft_cap;  ///< 0: none
  std::uint32_t k_position_stride;
  std::uint32_t k_head_stride;
  std::uint32_t v_position_stride;
  std::uint32_t v_head_stride;
  std::uint32_t mask_head_stride;
  std::uint32_t mask_token_stride;
  std::uint32_t q_token_stride;
  std::uint32_t q_head_stride;
  std::uint32_t gate_token_stride;
  std::uint32_t gate_head_stride;
  std::uint32_t slots;  ///< of a ring, which has position p in slot p % slots
  std::uint32_t k_sequence_stride;
  std::uint32_t v_sequence_stride;
};

enum class AttentionForm : std::uint8_t { automatic, decode, prefill };
template <>
inline constexpr auto kChoices<AttentionForm> =
    choices<AttentionForm>("Which attention kernel runs.",
                           {{AttentionForm::automatic, "automatic",
                             "decode for up to 8 tokens, and with places, prefill for more"},
                            {AttentionForm::decode, "decode",
                             "a threadgroup per token and group of query heads, or several"},
                            {AttentionForm::prefill, "prefill",
                             "a lane per query; K and V pass through threadgroup memory"}});

struct Attention {
  AnyTensor q;
  AnyTensor k_cache;
  AnyTensor v_cache;
  AnyTensor y;
  Scalar<std::uint32_t> start = {};
  float scale = 0.0f;
  std::uint32_t window = 0;
  AttentionForm form = AttentionForm::automatic;
  bool causal = true;
  std::uint32_t ahead = 0;
  float soft_cap = 0.0f;
  AnyTensor mask = {};
  AnyTensor scratch = {};
  std::uint32_t splits = 0;
  bool ring = false;
  AnyTensor sinks = {};
  AnyTensor slopes = {};
  AnyTensor gate = {};
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

  static constexpr auto description = operation(
      "y = softmax(scale q K^T + mask) V over the cache, grouped-query, online softmax in f32 (Dao "
      "et al. 2022). Token t stands at position start + t and attends to positions 0 to start + t, "
      "without causal to start + tokens - 1; with a window to the last `window` up to its own "
      "position, and to those `ahead` of it. The new "
      "tokens' keys and values are in the cache already. A query that may attend to nothing gives "
      "zeros. ShapeError, DTypeError and ArgumentError with the sizes.",
      read<&Attention::q>(
          Elements::floats,
          "(tokens, heads, head_dim), any strides but the innermost, which is 1; heads a "
          "multiple of kv_heads; head_dim is even, up to 576"),
      read<&Attention::k_cache>(
          Elements::any,
          "f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the "
          "innermost, which is 1"),
      read<&Attention::v_cache>(
          Elements::any,
          "as k_cache, of the same dtype; its heads may have another size, value_dim"),
      write<&Attention::y>(Elements::floats, "(tokens, heads, value_dim): q's size, as a rule"),
      ByName{}, setting<&Attention::start>("position of the first token"),
      setting<&Attention::scale>("of the scores; 0: 1 / sqrt(head_dim)"),
      setting<&Attention::window>("positions up to its own that a query attends to; 0: all"),
      setting<&Attention::form>("which kernel runs"),
      setting<&Attention::causal>("nothing after a token's own position is seen"),
      setting<&Attention::ahead>("without causal, positions after its own that a query attends to "
                                 "at most; 0: all (half a window in Gemma's embedding models)"),
      setting<&Attention::soft_cap>("scores become soft_cap * tanh(score / soft_cap), before the "
                                    "mask; 0: as they are (Gemma 2)"),
      optional_read<&Attention::mask>(
          Elements::floats,
          "(tokens, positions) or (heads, tokens, positions), for start + tokens positions at "
          "least, added to the scores; -inf hides one"),
      optional_write<&Attention::scratch>(
          Elements::any,
          "f32, attention_scratch() elements: with it, decoding splits a long context over more "
          "threadgroups than there are heads, and a second dispatch merges the parts; with less, "
          "there are fewer parts"),
      setting<&Attention::splits>("parts of the context, up to MAX_ATTENTION_SPLITS; 0: chosen"),
      setting<&Attention::ring>("position p is in slot p % capacity of the caches; a window, and "
                                "window + tokens - 1 slots at least, are needed"),
      optional_read<&Attention::sinks>(
          Elements::floats,
          "(heads,), for each a score that has no position and takes its share of the weights "
          "(gpt-oss); -inf: none"),
      optional_read<&Attention::slopes>(
          Elements::floats,
          "(heads,), for each what a position of distance 1 takes from the score (ALiBi, Press et "
          "al. 2022)"),
      optional_read<&Attention::gate>(Elements::floats,
                                      "(tokens, heads, value_dim), strides as q's: the result is "
                                      "multiplied by its logistic function (Qwen 3 Next)"),
      optional_read<&Attention::places>(Elements::any, kPlacesDocumentation));
};

inline constexpr std::uint32_t kMaxAttentionSplits = 32;  ///< a lane of the merging simdgroup each

/// Elements of scratch that `splits` parts need; head_dim is that of the values.
[[nodiscard]] constexpr std::uint64_t attention_scratch(
    std::uint64_t tokens, std::uint64_t heads, std::uint64_t head_dim,
    std::uint64_t splits = kMaxAttentionSplits) {
  return tokens * heads * splits * (head_dim + 2);
}

}  // namespace foundry::ops
