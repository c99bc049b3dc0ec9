// Epilogue: max(x, 0)^2 (So et al., "Primer", 2021); NaN stays.
#pragma once
#include "lib/epilogue.metal"

struct ReluSquared {
  float apply(float value, uint, uint, uint) const {
    return value < 0.0f ? 0.0f : value * value;
  }
};
