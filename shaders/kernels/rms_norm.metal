// RMSNorm of every row (Zhang & Sennrich, "Root Mean Square Layer Normalization", 2019). Sums in
// float: activations of real models reach 24,926, whose square half cannot hold.
#include "lib/activation.metal"
#include "lib/non_finite.metal"
#include "lib/rows.metal"

struct SumOfSquares {
  device const X* x;
  float sum;
  void operator()(uint k) {
    const float value = float(x[k]);
    sum += value * value;
  }
};

struct RmsNormScale {
  device const X* x;
  device const Weight* weight;
  device const Residual* residual;
  device const Gate* gate;
  device Y* y;
  float scale;
  void operator()(uint k) {
    float value = float(x[k]) * scale;
    if (has_weight) value *= float(weight[k]);
    if (has_gate) value *= silu(float(gate[k]));
    if (has_residual) value += float(residual[k]);
    y[k] = Y(value);
  }
};

kernel void rms_norm(FOUNDRY_ARGUMENTS) {
  threadgroup float slots[32];
  const RowPlace place = FOUNDRY_ROW_PLACE;
  if (place.row >= params.rows) return;
  const ulong at = ulong(place.row) * params.columns;
  SumOfSquares squares = {x + at, 0.0f};
  place.each(params.columns, squares);
  const float mean = place.sum(squares.sum, slots) / float(params.columns);
  const ulong of_weight = ulong(place.row % params.weight_rows) * params.columns;
  RmsNormScale scaled = {x + at,    weight + of_weight, residual + at,
                         gate + at, y + at,             inverse_root_mean(mean, params.epsilon)};
  place.each(params.columns, scaled);
}
