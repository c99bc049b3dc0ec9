// Epilogue: SiLU, x * sigmoid(x) (Elfwing et al., "Sigmoid-Weighted Linear Units", 2017).
#pragma once
#include "lib/epilogue.metal"

struct Silu {
  float apply(float value, uint, uint, uint) const { return value / (1.0f + exp(-value)); }
};
