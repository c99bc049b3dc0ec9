// What a prologue is: where a main stage takes its input from.
//
// A prologue struct has
//   scale(token, lane)      what belongs to the token, as a factor of its inputs, a float or a
//                           vector; all lanes of a simdgroup call it
//   at(token, k, scale)     input k of the token, in float
//   store(token, k, scale)  if it has a result of its own: what that is for input k
#pragma once
#include "lib/common.metal"

/// Stores a prologue's own result of tokens `token` to end - 1. The simdgroups of one threadgroup of
/// the grid call it.
template <class Prologue>
inline void store_result(Prologue prologue, uint token, uint end, uint columns, uint simdgroup,
                         uint simdgroups, uint lane) {
  for (uint t = token; t < end; ++t) {
    const auto scale = prologue.scale(t, lane);
    for (uint k = simdgroup * 32 + lane; k < columns; k += simdgroups * 32) {
      prologue.store(t, k, scale);
    }
  }
}
