// What the attention stages share. AttentionParams is generated from the host's struct of that name
// (ops/attention.hpp), which documents its members.
#pragma once
#include "lib/common.metal"

// Below every score, yet finite: differences of it stay numbers under fast math.
FOUNDRY_GLOBAL float kAttentionLowest = -1.0e30f;

/// The first position that a query whose last position is end - 1 attends to.
inline uint attention_begin(constant AttentionParams& params, uint end) {
  return params.window != 0 && end > params.window ? end - params.window : 0;
}
