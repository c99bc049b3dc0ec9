// A product's rows as heads, for the stages that need more than one row: a threadgroup takes a
// unit, some pairs of one head or all of them, so that both elements of a pair meet in its memory.
//
// A head norm has scale(values, head_dim, lane), of a whole head, and apply(pair, elements, scale);
// a head turn has apply(pair, i, head_dim, position); a store has at(head, d), the index in y.
#pragma once
#include "stages/rope.metal"

/// Unit `unit` of a part, and tile `tile` of it: Rows rows, the first elements of Rows / 2 pairs
/// and then their second ones.
template <uint HeadDim, uint Unit, uint Rows, bool Interleaved>
struct HeadUnit {
  FOUNDRY_CONSTANT uint kPairs = Unit / 2;
  FOUNDRY_CONSTANT uint kTiles = (Unit + Rows - 1) / Rows;
  uint unit;
  uint tile;

  uint head() const { return unit / (HeadDim / Unit); }
  /// Pair p of the unit is this pair of its head.
  uint pair(uint p) const { return unit % (HeadDim / Unit) * kPairs + p; }
  RopePair elements(uint p) const { return rope_pair(pair(p), HeadDim, Interleaved); }

  // Of the tile's row r.
  uint pair_of(uint r) const { return tile * (Rows / 2) + r % (Rows / 2); }
  bool inside(uint r) const { return pair_of(r) < kPairs; }
  uint row(uint r) const {
    const RopePair at = elements(pair_of(r));
    return head() * HeadDim + (r < Rows / 2 ? at.first : at.second);
  }
  /// The i-th of the tile's rows as they lie in memory.
  uint in_order(uint i) const { return Interleaved ? i / 2 + i % 2 * (Rows / 2) : i; }
  /// Where the unit's memory keeps it: first elements, then second ones.
  uint slot(uint r) const { return pair_of(r) + (r < Rows / 2 ? 0 : kPairs); }
};

/// The store of a part without a store stage.
struct HeadStore {
  uint head_stride;
  ulong at(uint head, uint d) const { return ulong(head) * head_stride + d; }
};
