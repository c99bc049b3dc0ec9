// What the attention stages share. AttentionParams is generated from the host's struct of that name
// (ops/attention.hpp), which documents its members.
#pragma once
#include "lib/activation.metal"
#include "lib/non_finite.metal"
#include "lib/places.metal"

// Below every score, yet finite: differences of it stay numbers under fast math.
FOUNDRY_GLOBAL float kAttentionLowest = -1.0e30f;
// The weight of a position that is hidden: its value is left out, where 0 times NaN would show.
FOUNDRY_GLOBAL float kAttentionHidden = -1.0f;

/// The positions [begin, end) that a token may attend to, before the mask; `position` is its own.
inline uint attention_end(constant AttentionParams& params, uint position, uint token) {
  return position + 1 + min(params.ahead, params.tokens - 1 - token);
}
inline uint attention_begin(constant AttentionParams& params, uint position) {
  const uint own_end = position + 1;
  return params.window != 0 && own_end > params.window ? own_end - params.window : 0;
}

/// Of a position that is seen, counted from the slot of another before it: a ring has them all.
inline uint attention_slot(constant AttentionParams& params, uint slot) {
  return slot < params.slots ? slot : slot - params.slots;
}

/// A head's size in whole 32s.
constexpr uint attention_padded(uint head_dim) {
  return (head_dim + 31) / 32 * 32;
}

/// Whether a lane has element i * 32 + lane of the head.
template <uint HeadDim>
inline bool attention_has(uint i, uint lane) {
  return HeadDim % 32 == 0 || i * 32 + lane < HeadDim;
}

/// A score as softmax takes it: bounded by the cap, if there is one (Gemma Team, "Gemma 2", 2024).
/// Softmax would take -infinity for a position that is not there; it becomes NaN.
inline float attention_capped(constant AttentionParams& params, float score) {
  if (params.soft_cap != 0.0f) {
    score = params.soft_cap * precise::tanh(score / params.soft_cap);
  }
  return score == -INFINITY ? NAN : score;
}

/// Whether a position is seen, by what the mask adds to its score: a NaN there shows.
inline bool attention_visible(float bias) {
  return !(bias <= kAttentionLowest);
}

/// Where a head's softmax starts from: the largest score so far, and the sum of weights with it.
struct AttentionBeginning {
  float maximum;
  float sum;
};

/// No mask of the caller's own.
struct AttentionNoMask {
  FOUNDRY_CONSTANT bool kHides = false;
  float at(uint, uint, uint) const { return 0.0f; }
  AttentionBeginning beginning(uint) const { return {kAttentionLowest, 0.0f}; }
};

/// Added to the scores; -infinity hides a position.
template <class T>
struct AttentionMask {
  FOUNDRY_CONSTANT bool kHides = true;
  device const T* values;
  uint head_stride;  // 0: one mask for all heads
  uint token_stride;

  float at(uint head, uint token, uint position) const {
    return float(values[ulong(head) * head_stride + ulong(token) * token_stride + position]);
  }
  AttentionBeginning beginning(uint) const { return {kAttentionLowest, 0.0f}; }
};

/// A mask, and for every head what a position of distance 1 takes from the score (Press et al.,
/// "Train Short, Test Long", 2022).
template <class Mask, class T>
struct AttentionAlibi {
  FOUNDRY_CONSTANT bool kHides = Mask::kHides;
  Mask mask;
  device const T* slopes;
  uint start;

  float at(uint head, uint token, uint position) const {
    const float distance = abs(float(start + token) - float(position));
    return mask.at(head, token, position) - float(slopes[head]) * distance;
  }
  AttentionBeginning beginning(uint head) const { return mask.beginning(head); }
};

/// A mask, and for every head a score that has no position: it only takes its share of the weights
/// (OpenAI, "gpt-oss", 2025). -infinity is none; a NaN shows in the sum.
template <class Mask, class T>
struct AttentionSinks {
  FOUNDRY_CONSTANT bool kHides = Mask::kHides;
  Mask mask;
  device const T* sinks;

  float at(uint head, uint token, uint position) const { return mask.at(head, token, position); }
  AttentionBeginning beginning(uint head) const {
    const float sink = float(sinks[head]);
    if (sink <= kAttentionLowest) return {kAttentionLowest, 0.0f};
    return {sink, 1.0f};
  }
};

/// What is left of a softmax's numerator: zeros where nothing was visible, not 0 / 0.
inline float attention_normalised(float mixed, float sum) {
  return sum == 0.0f ? 0.0f : mixed / sum;
}

/// The result is as it is.
struct AttentionNoGate {
  float of(uint, uint, uint) const { return 1.0f; }
};

/// The result is multiplied by a logistic function (Qwen Team, "Qwen3-Next", 2025).
template <class T>
struct AttentionGate {
  device const T* values;
  uint head_stride;
  uint token_stride;

  float of(uint token, uint head, uint d) const {
    return sigmoid(float(values[ulong(token) * token_stride + ulong(head) * head_stride + d]));
  }
};

/// Stores results.
template <uint ValueDim, class Y, class Gate = AttentionNoGate>
struct AttentionResult {
  device Y* y;
  Gate gate;

  void put(constant AttentionParams& params, uint token, uint head, uint, uint d, float mixed,
           float, float sum) const {
    y[(ulong(token) * params.heads + head) * ValueDim + d] =
        Y(attention_normalised(mixed, sum) * gate.of(token, head, d));
  }
};

/// Where a (token, head) of a split context leaves its part: a sum of weighted values for each
/// element of a value, then the maximum and the sum of weights that they go with.
inline ulong attention_part(constant AttentionParams& params, uint value_dim, uint token, uint head,
                            uint split) {
  return ((ulong(token) * params.heads + head) * params.splits + split) * (value_dim + 2);
}
