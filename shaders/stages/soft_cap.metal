// Epilogue: bounds results smoothly (Gemma Team, "Gemma 2", 2024).
#pragma once
#include "lib/epilogue.metal"

struct SoftCap {
  float cap;

  float apply(float value, uint, uint, uint) const { return cap * precise::tanh(value / cap); }
};
