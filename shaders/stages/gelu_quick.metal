// Epilogue: GELU as x * sigmoid(1.702 x) (Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016).
#pragma once
#include "lib/activation.metal"
#include "lib/epilogue.metal"

struct GeluQuick {
  float apply(float value, uint, uint, uint) const { return gelu_quick(value); }
};
