// Epilogue: GELU in its tanh form (Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016).
// The tanh is written with exp of a non-positive number, so that nothing overflows.
#pragma once
#include "lib/epilogue.metal"

struct Gelu {
  float apply(float value, uint, uint, uint) const {
    const float inner = 0.7978845608f * (value + 0.044715f * value * value * value);
    const float decay = exp(-2.0f * fabs(inner));
    const float tanh_inner = copysign((1.0f - decay) / (1.0f + decay), inner);
    return 0.5f * value * (1.0f + tanh_inner);
  }
};
