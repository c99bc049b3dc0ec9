// Epilogues: what may happen to a product's result before it is stored.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct Bias {
  AnyTensor bias;
  operator Stage() const;

  static constexpr auto description =
      operation("Epilogue: value + bias[row].", read<&Bias::bias>(Elements::floats, "(rows,)"));
};

struct Residual {
  AnyTensor residual;
  operator Stage() const;

  static constexpr auto description =
      operation("Epilogue: value + residual[token, row].",
                read<&Residual::residual>(Elements::floats,
                                          "the result's shape; it may be the result itself"));
};

struct Scale {
  float factor = 1.0f;
  operator Stage() const;

  static constexpr auto description =
      operation("Epilogue: value * factor.", setting<&Scale::factor>("a finite number"));
};

struct TokenScale {
  AnyTensor factors;
  operator Stage() const;

  static constexpr auto description =
      operation("Epilogue: value * factors[token].",
                read<&TokenScale::factors>(Elements::floats, "(tokens,)"));
};

struct SoftCap {
  float cap = 30.0f;
  operator Stage() const;

  static constexpr auto description =
      operation("Epilogue: cap * tanh(value / cap), which no value passes (Gemma 2).",
                setting<&SoftCap::cap>("above 0"));
};

}  // namespace foundry::ops
