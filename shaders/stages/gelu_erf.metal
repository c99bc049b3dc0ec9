// Epilogue: GELU with the error function (Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016).
#pragma once
#include "lib/activation.metal"
#include "lib/epilogue.metal"

struct GeluErf {
  float apply(float value, uint, uint, uint) const { return gelu_erf(value); }
};
