// Softmax of every row, of scale * x + mask. The largest one is subtracted first, so that nothing
// overflows. -infinity in the mask hides a place, whatever stands there. A row of nothing but
// -infinity gives zeros; a NaN or +infinity that is not hidden makes the row NaN.
#include "lib/rows.metal"

struct SoftmaxInput {
  device const X* x;
  device const Mask* mask;
  float scale;
  float at(uint k) const {
    const float value = float(x[k]) * scale;
    if (!has_mask) return value;
    const float bias = float(mask[k]);
    return bias == -INFINITY ? bias : value + bias;
  }
};

struct SoftmaxHighest {
  SoftmaxInput input;
  float highest;
  void operator()(uint k) { highest = max(highest, input.at(k)); }
};

// Where y has float's precision the exponentials wait in it for their sum, else they are taken
// again.
struct SoftmaxSum {
  SoftmaxInput input;
  device Y* y;
  float highest;
  float sum;
  void operator()(uint k) {
    const float weight = exp(input.at(k) - highest);
    sum += weight;
    if (keeps_weights) y[k] = Y(weight);
  }
};

struct SoftmaxScale {
  SoftmaxInput input;
  device Y* y;
  float highest;
  float factor;
  void operator()(uint k) {
    const float weight = keeps_weights ? float(y[k]) : exp(input.at(k) - highest);
    y[k] = Y(weight * factor);
  }
};

kernel void softmax(FOUNDRY_ARGUMENTS) {
  threadgroup float slots[32];
  const RowPlace place = FOUNDRY_ROW_PLACE;
  if (place.row >= params.rows) return;
  const ulong at = ulong(place.row) * params.columns;
  SoftmaxInput input = {x + at, mask, params.scale};
  if (has_mask) input.mask = mask + ulong(place.row) * params.mask_stride;

  SoftmaxHighest found = {input, -INFINITY};
  place.each(params.columns, found);
  float highest = place.maximum(found.highest, slots);
  highest = highest == -INFINITY ? 0.0f : highest;
  SoftmaxSum weights = {input, y + at, highest, 0.0f};
  place.each(params.columns, weights);
  const float sum = place.sum(weights.sum, slots);
  SoftmaxScale scaled = {input, y + at, highest, sum == 0.0f ? 0.0f : 1.0f / sum};
  place.each(params.columns, scaled);
}
