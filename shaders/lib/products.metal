// What the main stages share: how several products share a grid, and gates.
#pragma once
#include "lib/epilogue.metal"

/// Whether `tile` is one of a product's, whose rows come in tiles of Rows. If not, it becomes its
/// number among the tiles of the products that follow.
template <uint Rows>
inline bool takes_tile(thread uint& tile, uint rows) {
  const uint tiles = (rows + Rows - 1) / Rows;
  if (tile < tiles) return true;
  tile -= tiles;
  return false;
}

/// Where results of the i-th token go: in order, or as Gathered (lib/expert_groups.metal) has it.
struct InOrder {
  uint row(uint i) const { return i; }
  /// Where y has row `row` of `rows` of a result.
  uint at(uint result, uint row, uint rows) const { return result * rows + row; }
};

/// A gate is a second product of the same rows, which multiplies the first one. Activation is what
/// happens to the gate before that, Value what happens to the first product.
struct NoGate {
  FOUNDRY_CONSTANT bool kGates = false;
  float apply(float value, float, uint, uint, uint) const { return value; }
};

template <class Product, class Activation, class Value>
struct GatedBy {
  FOUNDRY_CONSTANT bool kGates = true;
  Product product;
  Activation activation;
  Value value;

  float apply(float result, float gate, uint token, uint row, uint rows) const {
    return value.apply(result, token, row, rows) * activation.apply(gate, token, row, rows);
  }
};

template <class Product, class Activation, class Value = Unchanged>
inline GatedBy<Product, Activation, Value> gated_by(Product product, Activation activation,
                                                    Value value = {}) {
  return {product, activation, value};
}
