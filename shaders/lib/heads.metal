// A product's rows as heads, for the stages that need more than one row: a threadgroup takes a
// unit, some pairs of one head or all of them, so that both elements of a pair meet in its memory.
//
// A head norm has scale(values, head_dim, lane), of a whole head, and apply(pair, elements, scale);
// a head turn has apply(pair, i, dims, position), of the first dims / 2 pairs; a store has
// at(token, head, d), the index in y. Where y is in blocks, units are whole heads and d is 0.
#pragma once
#include "lib/cache_elements.metal"
#include "lib/places.metal"
#include "stages/rope.metal"

/// Unit `unit` of a product, and tile `tile` of it: Rows rows, the first elements of Rows / 2 pairs
/// and then their second ones. Dims: elements of a head that are turned.
template <uint HeadDim, uint Unit, uint Rows, bool Interleaved, uint Dims = HeadDim>
struct HeadUnit {
  FOUNDRY_CONSTANT uint kHeadDim = HeadDim;
  FOUNDRY_CONSTANT uint kDims = Dims;
  FOUNDRY_CONSTANT uint kPairs = Unit / 2;
  FOUNDRY_CONSTANT uint kTiles = (Unit + Rows - 1) / Rows;
  uint unit;
  uint tile;

  uint head() const { return unit / (HeadDim / Unit); }
  /// Pair p of the unit is this pair of its head.
  uint pair(uint p) const { return unit % (HeadDim / Unit) * kPairs + p; }
  RopePair elements(uint p) const { return rope_pair(pair(p), HeadDim, Dims, Interleaved); }

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
  /// The same of element d, where the unit is the whole head.
  uint slot_of(uint d) const {
    if (Interleaved) return d / 2 + d % 2 * kPairs;
    if (d < Dims / 2 || d >= Dims / 2 + HeadDim / 2) return d;
    return d < Dims ? d + (HeadDim - Dims) / 2 : d - Dims / 2;
  }
};

// What stands for a stage that a product has not.
struct NoHeadNorm {
  float scale(threadgroup const float*, uint, uint) const { return 1.0f; }
  float2 apply(float2 pair, RopePair, float) const { return pair; }
};
struct NoHeadTurn {
  float2 apply(float2 pair, uint, uint, uint) const { return pair; }
};
struct HeadStore {
  uint token_stride;
  uint head_stride;
  ulong at(uint token, uint head, uint d) const {
    return ulong(token) * token_stride + ulong(head) * head_stride + d;
  }
};

/// A head norm that sees what the head turn leaves.
template <class Norm>
struct AfterTurn {
  Norm norm;
};
template <class Norm>
inline AfterTurn<Norm> after_turn(Norm norm) {
  return {norm};
}

/// What a norm's weights of a pair are found by: its elements of the head, unless the norm says
/// otherwise.
template <class Norm>
inline RopePair normed_elements(Norm, RopePair at, uint) {
  return at;
}

/// The pairs of a token's unit through norm and turn, stored. For one simdgroup.
template <class Unit, class Norm, class Turn, class Store, class Y>
inline void finish_pairs(Norm norm, Turn turn, Store store, device Y* y, uint unit, uint token,
                         uint position, threadgroup float* values, uint lane) {
  const auto norm_scale = norm.scale(values, Unit::kHeadDim, lane);
  const CacheHead<Y> head = {y + store.at(token, Unit{unit, 0}.head(), 0), values};
  for (uint p = lane; p < Unit::kPairs; p += 32) {
    const Unit at = {unit, 0};
    const RopePair elements = at.elements(p);
    float2 pair = float2(values[p], values[Unit::kPairs + p]);
    pair = norm.apply(pair, normed_elements(norm, elements, at.head() * Unit::kHeadDim),
                      norm_scale);
    if (Unit::kDims == Unit::kHeadDim || at.pair(p) < Unit::kDims / 2) {
      pair = turn.apply(pair, at.pair(p), Unit::kDims, position);
    }
    head.put(elements.first, p, pair.x);
    head.put(elements.second, Unit::kPairs + p, pair.y);
  }
  head.end(Unit{unit, 0}, Unit::kHeadDim, lane);
}
template <class Unit, class Norm, class Turn, class Store, class Y>
inline void finish_pairs(AfterTurn<Norm> after, Turn turn, Store store, device Y* y, uint unit,
                         uint token, uint position, threadgroup float* values, uint lane) {
  for (uint p = lane; p < Unit::kPairs; p += 32) {
    const Unit at = {unit, 0};
    if (at.pair(p) >= Unit::kDims / 2) continue;
    const float2 pair = turn.apply(float2(values[p], values[Unit::kPairs + p]), at.pair(p),
                                   Unit::kDims, position);
    values[p] = pair.x;
    values[Unit::kPairs + p] = pair.y;
  }
  simdgroup_barrier(mem_flags::mem_threadgroup);
  finish_pairs<Unit>(after.norm, NoHeadTurn{}, store, y, unit, token, position, values, lane);
}

/// Unit `unit` of a product, stored. `values` has the unit's floats of each token. Every simdgroup of
/// the threadgroup must call it.
template <class Unit, class Product, class Epilogue, class Norm, class Turn, class Store,
          class Prologue, class Tokens, class Places, class Y>
inline void head_unit(Product product, Epilogue epilogue, Norm norm, Turn turn, Store store,
                      device Y* y, Prologue prologue, Tokens tokens, uint rows, uint columns,
                      uint unit, Places places, threadgroup float* values, uint simdgroup,
                      uint simdgroups, uint lane) {
  const uint kCount = Tokens::kCount;
  const uint kFloats = 2 * Unit::kPairs;
  decltype(prologue.scale(0, lane)) scales[kCount];
  find_scales(prologue, tokens, lane, scales);
  for (uint t = simdgroup; t < Unit::kTiles; t += simdgroups) {
    const Unit tile = {unit, t};
    float found[kCount];
    product.find(prologue, scales, tokens, rows, columns, tile, lane, found);
    if (lane >= Product::kRows || !tile.inside(lane)) continue;
#pragma unroll
    for (uint i = 0; i < kCount; ++i) {
      values[i * kFloats + tile.slot(lane)] =
          epilogue.apply(found[i], tokens.at(i), tile.row(lane), rows);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (simdgroup != 0) return;
#pragma nounroll
  for (uint i = 0; i < kCount; ++i) {
    if (!tokens.has(i)) continue;
    const uint token = tokens.at(i);
    finish_pairs<Unit>(norm, turn, store, y, unit, token, places.of(token).position,
                       values + i * kFloats, lane);
  }
}
