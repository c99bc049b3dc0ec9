// Main: y[token, row] = sum over k of weights[row, k] * x[token, k], for many tokens, on a
// processor's matrix units, which multiply bfloats: x and weights are two of them a number, a high
// and a low half, and three of the four products of halves are added, the fourth being 2^-16 of the
// product. stages/gemm.metal is the same by vector registers, gemm_matrices.metal for GPUs.
//
// A threadgroup is one simdgroup and takes kTilesTokens tokens by a multiple of kTilesRows rows,
// whose sums are cooperative tensors. Weights are decoded into threadgroup memory once for all these
// tokens, a chunk of columns at a time; x comes as lib/input_planes.metal left it.
#pragma once
#include <metal_tensor>
#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>

#include "lib/input_planes.metal"
#include "lib/policy.metal"
#include "lib/products.metal"

FOUNDRY_GLOBAL uint kTilesTokens = 512;
FOUNDRY_GLOBAL uint kTilesRows = 32;
FOUNDRY_GLOBAL uint kTilesPitch = 3 * kPlanesDepth;

struct TilesMemory {
  // Of each row of a chunk the high halves, the same again, and the low halves: what the halves of x
  // are multiplied by in one product, and what its high halves are alone.
  bfloat weights[kTilesRows * kTilesPitch];
};

using TilesInput = tensor<device const bfloat, dextents<int, 2>, tensor_inline>;
using TilesWeights = tensor<threadgroup bfloat, dextents<int, 2>, tensor_inline>;

/// Adds products to kTilesTokens x kTilesRows sums.
inline auto tiles_multiply() {
  using namespace mpp::tensor_ops;
  constexpr auto what = matmul2d_descriptor(int(kTilesTokens), int(kTilesRows),
                                            static_cast<int>(dynamic_extent), false, true, false,
                                            matmul2d_descriptor::mode::multiply_accumulate);
  return matmul2d<what, execution_simdgroup>();
}
inline auto tiles_sums() {
  return tiles_multiply().get_destination_cooperative_tensor<TilesInput, TilesWeights, float>();
}

/// Where a chunk of x is, of as many tokens as there are.
struct TilesChunk {
  device const bfloat* x;
  uint tokens;
  uint first;  // column
  uint depth;
};

/// Adds the products of a chunk and of the weights in memory.
template <bool HasLow, class Sums>
inline void tiles_add(TilesChunk chunk, threadgroup TilesMemory& memory, thread Sums& sums) {
  const int depth = int(chunk.depth);
  const array<int, 2> x_strides = {1, 2 * depth};
  const array<int, 2> strides = {1, int(kTilesPitch)};
  const auto multiply = tiles_multiply();
  TilesInput both(chunk.x, dextents<int, 2>(2 * depth, int(chunk.tokens)), x_strides);
  TilesWeights twice(memory.weights, dextents<int, 2>(2 * depth, int(kTilesRows)), strides);
  multiply.run(both, twice, sums);
  if (!HasLow) return;
  TilesInput high(chunk.x, dextents<int, 2>(depth, int(chunk.tokens)), x_strides);
  TilesWeights low(memory.weights + 2 * depth, dextents<int, 2>(depth, int(kTilesRows)), strides);
  multiply.run(high, low, sums);
}

/// Whether a weight is its own high half.
template <class Weight>
struct IsBfloat {
  FOUNDRY_CONSTANT bool value = false;
};
template <>
struct IsBfloat<bfloat> {
  FOUNDRY_CONSTANT bool value = true;
};

/// A product of Rows rows of weights of a policy.
template <class Policy, uint Rows>
struct TilesProduct {
  FOUNDRY_CONSTANT uint kRows = Rows;
  FOUNDRY_CONSTANT bool kHasLow = !IsBfloat<typename Policy::Block>::value;
  device const typename Policy::Block* weights;

  /// A chunk of the rows from `row` on. Rows beyond the end repeat the last.
  void decode(uint rows, uint columns, uint row, uint first, uint depth,
              threadgroup TilesMemory& memory, uint lane) const {
    const uint blocks = columns / Policy::kBlock;
    for (uint r = 0; r < kTilesRows; ++r) {
      device const typename Policy::Block* own = weights + ulong(min(row + r, rows - 1)) * blocks;
      threadgroup bfloat* place = memory.weights + r * kTilesPitch + lane;
      for (uint k = 0; k < depth; k += 32) {
        const bool inside = first + k + lane < columns;
        const Halves halves =
            halves_of(inside ? weight_of_lane<Policy>(own, first + k, lane) : 0.0f);
        place[k] = halves.high;
        place[depth + k] = halves.high;
        if (kHasLow) place[2 * depth + k] = halves.low;
      }
    }
  }

  template <class Sums>
  void add(TilesChunk chunk, uint rows, uint columns, uint row, threadgroup TilesMemory& memory,
           thread Sums& sums, uint lane) const {
    simdgroup_barrier(mem_flags::mem_threadgroup);
    decode(rows, columns, row, chunk.first, chunk.depth, memory, lane);
    simdgroup_barrier(mem_flags::mem_threadgroup);
    tiles_add<kHasLow>(chunk, memory, sums);
  }
};

/// The sums of kTilesRows rows, those of the next ones, and so on; and of a gate's rows.
template <uint Blocks>
struct TilesSums {
  decltype(tiles_sums()) own = tiles_sums();
  TilesSums<Blocks - 1> next;

  void clear() {
    for (uint i = 0; i < own.get_capacity(); ++i) own[i] = 0.0f;
    next.clear();
  }
  template <class Product>
  void add(Product product, TilesChunk chunk, uint rows, uint columns, uint row,
           threadgroup TilesMemory& memory, uint lane) {
    product.add(chunk, rows, columns, row, memory, own, lane);
    next.add(product, chunk, rows, columns, row + kTilesRows, memory, lane);
  }
};
template <>
struct TilesSums<0> {
  void clear() {}
  template <class Product>
  void add(Product, TilesChunk, uint, uint, uint, threadgroup TilesMemory&, uint) {}
};

/// Those of a gate, if there is one.
template <class Gate, uint Blocks>
struct TilesGates {
  TilesSums<Blocks> sums;

  void add(Gate gate, TilesChunk chunk, uint rows, uint columns, uint row,
           threadgroup TilesMemory& memory, uint lane) {
    sums.add(gate.product, chunk, rows, columns, row, memory, lane);
  }
};
template <uint Blocks>
struct TilesGates<NoGate, Blocks> {
  TilesSums<0> sums;

  void add(NoGate, TilesChunk, uint, uint, uint, threadgroup TilesMemory&, uint) {}
};

template <uint Blocks>
inline float gate_sum(thread const TilesSums<Blocks>& gates, uint i) {
  return gates.own[i];
}
inline float gate_sum(thread const TilesSums<0>&, uint) { return 0.0f; }
template <uint Blocks>
inline thread const TilesSums<Blocks - 1>& gates_after(thread const TilesSums<Blocks>& gates) {
  return gates.next;
}
inline thread const TilesSums<0>& gates_after(thread const TilesSums<0>& gates) { return gates; }

/// Stores the results of the rows from `row` on.
template <uint Blocks, class Gates, class Gate, class Epilogue, class Y>
inline void tiles_store(thread const TilesSums<Blocks>& sums, thread const Gates& gates, Gate gate,
                        Epilogue epilogue, device Y* y, uint tokens, uint rows, uint token,
                        uint row) {
  for (uint i = 0; i < sums.own.get_capacity(); ++i) {
    if (!sums.own.is_valid_element(i)) continue;
    const auto at = sums.own.get_multidimensional_index(i);
    const uint result = token + uint(at[1]);
    const uint own = row + uint(at[0]);
    if (result >= tokens || own >= rows) continue;
    const float gated = gate.apply(sums.own[i], gate_sum(gates, i), result, own, rows);
    y[result * rows + own] = Y(epilogue.apply(gated, result, own, rows));
  }
  tiles_store(sums.next, gates_after(gates), gate, epilogue, y, tokens, rows, token,
              row + kTilesRows);
}
template <class Gates, class Gate, class Epilogue, class Y>
inline void tiles_store(thread const TilesSums<0>&, thread const Gates&, Gate, Epilogue, device Y*,
                        uint, uint, uint, uint) {}

/// Tile `tile` of a product for the tokens from `token` on.
template <class Product, class Gate, class Epilogue, class Y>
inline void tiles_tile(Product product, Gate gate, Epilogue epilogue, device Y* y,
                       device const bfloat* planes, uint tokens, uint rows, uint columns, uint tile,
                       uint token, threadgroup TilesMemory& memory, uint lane) {
  const uint kBlocks = Product::kRows / kTilesRows;
  const uint row = tile * Product::kRows;
  TilesSums<kBlocks> sums;
  TilesGates<Gate, kBlocks> gates;
  sums.clear();
  gates.sums.clear();
  for (uint first = 0; first < columns; first += kPlanesDepth) {
    const uint depth = planes_depth(columns, first);
    const TilesChunk chunk = {planes + 2 * (ulong(first) * tokens + token * depth),
                              min(kTilesTokens, tokens - token), first, depth};
    gates.add(gate, chunk, rows, columns, row, memory, lane);
    sums.add(product, chunk, rows, columns, row, memory, lane);
  }
  tiles_store(sums, gates.sums, gate, epilogue, y, tokens, rows, token, row);
}
