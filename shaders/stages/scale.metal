// Epilogue: a factor.
#pragma once
#include "lib/epilogue.metal"

struct Scale {
  float factor;

  float apply(float value, uint, uint, uint) const { return value * factor; }
};
