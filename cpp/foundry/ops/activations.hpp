// Activations: epilogues without a tensor, which may also be a gate's.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct Silu {
  operator Stage() const;

  static constexpr auto description = operation("Epilogue: value * sigmoid(value).");
};

struct Gelu {
  operator Stage() const;

  static constexpr auto description = operation("Epilogue: GELU, tanh form.");
};

struct GeluErf {
  operator Stage() const;

  static constexpr auto description =
      operation("Epilogue: GELU itself, value * P(value), P being the normal distribution.");
};

struct GeluQuick {
  operator Stage() const;

  static constexpr auto description = operation("Epilogue: value * sigmoid(1.702 value).");
};

struct Sigmoid {
  operator Stage() const;

  static constexpr auto description = operation("Epilogue: 1 / (1 + exp(-value)).");
};

struct Relu {
  operator Stage() const;

  static constexpr auto description = operation("Epilogue: value, but 0 where it is below.");
};

struct ReluSquared {
  operator Stage() const;

  static constexpr auto description =
      operation("Epilogue: the square of value, but 0 where it is below. So et al. 2021.");
};

struct Xielu {
  float alpha_p = 0.8f;
  float alpha_n = 0.8f;
  float beta = 0.5f;
  float epsilon = -1e-6f;
  operator Stage() const;

  static constexpr auto description = operation(
      "Epilogue: alpha_p value^2 + beta value above 0, alpha_n (exp(min(value, epsilon)) - 1 - "
      "value) + beta value elsewhere. Huang & Schlag 2024 (Apertus).",
      setting<&Xielu::alpha_p>("as it multiplies: after softplus"),
      setting<&Xielu::alpha_n>("likewise: beta and softplus together"),
      setting<&Xielu::beta>("the slope at 0"),
      setting<&Xielu::epsilon>("below 0: the exponential is not taken of anything above"));
};

struct ClampedSwiGlu {
  float limit = 7.0f;
  operator Stage() const;

  static constexpr auto description = operation(
      "Gating, for a gated product's activation: g sigmoid(1.702 g) (u + 1), where g is "
      "the gate's result, at most limit, and u the other one, within limit of 0 (gpt-oss).",
      setting<&ClampedSwiGlu::limit>("above 0"));
};

}  // namespace foundry::ops
