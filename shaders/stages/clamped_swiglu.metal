// Gating: SwiGLU of bounded numbers (gpt-oss): g sigmoid(1.702 g) (u + 1), where g is the gate, at
// most `limit`, and u the value, within `limit` of 0. NaN stays.
#pragma once
#include "lib/activation.metal"
#include "lib/epilogue.metal"

struct ClampedSwiGlu {
  float limit;

  float apply(float gate, uint, uint, uint) const {
    return gelu_quick(gate > limit ? limit : gate);
  }
};

struct ClampedSwiGluValue {
  float limit;

  float apply(float value, uint, uint, uint) const {
    const float above = value < -limit ? -limit : value;
    return (above > limit ? limit : above) + 1.0f;
  }
};
