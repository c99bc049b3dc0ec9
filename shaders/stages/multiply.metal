// Epilogue: multiplies by a tensor of the result's own shape.
#pragma once
#include "lib/epilogue.metal"

template <class T>
struct Multiply {
  device const T* factor;

  float apply(float value, uint token, uint row, uint rows) const {
    return value * float(factor[token * rows + row]);
  }
};
