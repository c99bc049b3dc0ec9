// Epilogue: a factor for each token.
#pragma once
#include "lib/epilogue.metal"

template <class T>
struct TokenScale {
  device const T* factors;

  float apply(float value, uint token, uint, uint) const {
#pragma clang fp contract(off)
    // Rounded by itself, whatever is added after: a few tokens at once are what each is alone.
    return value * float(factors[token]);
  }
};
