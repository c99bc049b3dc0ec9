// Epilogue: max(x, 0); NaN stays.
#pragma once
#include "lib/epilogue.metal"

struct Relu {
  float apply(float value, uint, uint, uint) const { return value < 0.0f ? 0.0f : value; }
};
