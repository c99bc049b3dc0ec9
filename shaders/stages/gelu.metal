// Epilogue: GELU in its tanh form (Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016).
#pragma once
#include "lib/activation.metal"
#include "lib/epilogue.metal"

struct Gelu {
  float apply(float value, uint, uint, uint) const { return gelu_tanh(value); }
};
