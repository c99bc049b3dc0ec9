// LayerNorm of every row (Ba, Kiros & Hinton, "Layer Normalization", 2016). The variance is the mean
// of squared differences from the mean, in a pass of its own: the difference of two means of large
// numbers would lose it.
#include "lib/non_finite.metal"
#include "lib/rows.metal"

struct Sum {
  device const X* x;
  float sum;
  void operator()(uint k) { sum += float(x[k]); }
};

struct SumOfSquaredDifferences {
  device const X* x;
  float mean;
  float sum;
  void operator()(uint k) {
    const float difference = float(x[k]) - mean;
    sum += difference * difference;
  }
};

struct LayerNormScale {
  device const X* x;
  device const Weight* weight;
  device const Bias* bias;
  device Y* y;
  float mean;
  float scale;
  void operator()(uint k) {
    float value = (float(x[k]) - mean) * scale;
    if (has_weight) value *= float(weight[k]);
    if (has_bias) value += float(bias[k]);
    y[k] = Y(value);
  }
};

kernel void layer_norm(FOUNDRY_ARGUMENTS) {
  threadgroup float slots[32];
  const RowPlace place = FOUNDRY_ROW_PLACE;
  if (place.row >= params.rows) return;
  const ulong at = ulong(place.row) * params.columns;
  const float columns = float(params.columns);
  Sum total = {x + at, 0.0f};
  place.each(params.columns, total);
  const float mean = place.sum(total.sum, slots) / columns;
  SumOfSquaredDifferences squares = {x + at, mean, 0.0f};
  place.each(params.columns, squares);
  const float variance = place.sum(squares.sum, slots) / columns;
  LayerNormScale scaled = {
      x + at, weight, bias, y + at, mean, inverse_root_mean(variance, params.epsilon)};
  place.each(params.columns, scaled);
}
