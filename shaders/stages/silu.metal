// Epilogue: SiLU, x * sigmoid(x) (Elfwing et al., "Sigmoid-Weighted Linear Units", 2017).
#pragma once
#include "lib/activation.metal"
#include "lib/epilogue.metal"

struct Silu {
  float apply(float value, uint, uint, uint) const { return silu(value); }
};
