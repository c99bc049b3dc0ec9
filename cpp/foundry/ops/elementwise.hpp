// Elementwise operations: add, multiply, SwiGLU, copy with conversion, fill.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with the elementwise kernels.
struct ElementwiseParams {
  std::uint32_t count;
};

/// Shared with shaders/kernels/fill.metal.
struct FillParams {
  std::uint32_t count;
  float value;
};

// All tensors of an operation have the same number of elements, below 2^32, and plain dtypes; they
// are read and written in their own types and computed in f32. y may be an operand.

/// y = a + b.
struct Add {
  AnyTensor a;
  AnyTensor b;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

/// y = a * b.
struct Multiply {
  AnyTensor a;
  AnyTensor b;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

/// y = silu(gate) * up.
struct SwiGlu {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

/// y = x, converted to y's dtype.
struct Copy {
  AnyTensor x;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

/// y = value everywhere.
struct Fill {
  AnyTensor y;
  float value = 0.0f;
  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

}  // namespace foundry::ops
