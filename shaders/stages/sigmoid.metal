// Epilogue: the logistic function.
#pragma once
#include "lib/activation.metal"
#include "lib/epilogue.metal"

struct Sigmoid {
  float apply(float value, uint, uint, uint) const { return sigmoid(value); }
};
