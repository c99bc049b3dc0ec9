// Epilogues: what may happen to a product's result before it is stored.
#pragma once

#include "foundry/fusion/stage.hpp"

namespace foundry::ops {

/// value + bias[row]. bias: (rows,), a plain float type.
struct Bias {
  AnyTensor bias;
  operator Stage() const;
};

/// value + residual[token, row]. residual: the result's shape; it may be the result itself.
struct Residual {
  AnyTensor residual;
  operator Stage() const;
};

/// value * sigmoid(value).
struct Silu {
  operator Stage() const;
};

/// GELU, tanh form.
struct Gelu {
  operator Stage() const;
};

}  // namespace foundry::ops
