// Epilogue: a factor.
#pragma once
#include "lib/epilogue.metal"

struct Scale {
  float factor;

  float apply(float value, uint, uint, uint) const {
#pragma clang fp contract(off)
    // Rounded by itself, whatever is added after: a few tokens at once are what each is alone.
    return value * factor;
  }
};
