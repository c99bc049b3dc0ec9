// Main: gemv.metal's products with the weights of the experts that a token has chosen, a choice at a
// time: no other expert's weights are read.
#pragma once
#include "stages/gemv.metal"

/// Tile `tile` of an expert's product before its epilogues, a row per lane. `bias`: an epilogue.
template <class Product, class Gate, class Bias, class Prologue>
inline float expert_value(Product product, Gate gate, Bias bias, Prologue prologue, uint rows,
                          uint columns, uint tile, uint lane) {
  const NeighbourRows own = {tile * Product::kRows};
  const OneToken token = {0};
  const auto scale = prologue.scale(0, lane);
  float gate_value;
  float value;
  find_gate(gate, prologue, &scale, token, rows, columns, own, lane, &gate_value);
  product.find(prologue, &scale, token, rows, columns, own, lane, &value);
  const uint row = own.row(lane);
  if (lane >= Product::kRows || row >= rows) return 0.0f;
  return gate.apply(bias.apply(value, 0, row, rows), gate_value, 0, row, rows);
}

/// Tile `tile` of result `result`, stored; `stride` is from a result to the next.
template <uint Rows, class Epilogue, class Y>
inline void store_result(float value, Epilogue epilogue, device Y* y, uint stride, uint result,
                         uint rows, uint tile, uint lane) {
  const uint row = tile * Rows + lane;
  if (lane < Rows && row < rows) {
    y[result * stride + row] = Y(epilogue.apply(value, result, row, rows));
  }
}
