// Epilogue: xIELU (Huang & Schlag, "Deriving Activation Functions via Integration", 2024).
#pragma once
#include "lib/activation.metal"
#include "lib/epilogue.metal"

struct Xielu {
  float alpha_p;
  float alpha_n;
  float beta;
  float epsilon;

  float apply(float value, uint, uint, uint) const {
    return xielu(value, alpha_p, alpha_n, beta, epsilon);
  }
};
