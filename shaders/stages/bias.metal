// Epilogue: adds a value per output row.
#pragma once
#include "lib/epilogue.metal"

template <class T>
struct Bias {
  device const T* bias;

  float apply(float value, uint, uint row, uint) const { return value + float(bias[row]); }
};
