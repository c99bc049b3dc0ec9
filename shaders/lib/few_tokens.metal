// The tokens that a threadgroup of a matrix-vector product takes.
#pragma once
#include "lib/common.metal"

struct OneToken {
  FOUNDRY_CONSTANT uint kCount = 1;
  uint token;

  uint at(uint) const { return token; }
  bool has(uint) const { return true; }
};

/// Count of them at most, of `tokens`: those beyond the end repeat the last.
template <uint Count>
struct FewTokens {
  FOUNDRY_CONSTANT uint kCount = Count;
  uint first;
  uint tokens;

  uint at(uint t) const { return min(first + t, tokens - 1); }
  bool has(uint t) const { return first + t < tokens; }
};

/// The first of them.
inline uint first_of(OneToken tokens) {
  return tokens.token;
}
template <uint Count>
inline uint first_of(FewTokens<Count> tokens) {
  return tokens.first;
}
inline uint end_of(OneToken tokens) {
  return tokens.token + 1;
}
template <uint Count>
inline uint end_of(FewTokens<Count> tokens) {
  return min(tokens.first + Count, tokens.tokens);
}
