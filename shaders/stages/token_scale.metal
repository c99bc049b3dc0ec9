// Epilogue: a factor for each token.
#pragma once
#include "lib/epilogue.metal"

template <class T>
struct TokenScale {
  device const T* factors;

  float apply(float value, uint token, uint, uint) const { return value * float(factors[token]); }
};
