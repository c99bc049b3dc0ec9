// Elementwise operations of two tensors: add, multiply, SwiGLU, GeGLU.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with the elementwise kernels.
struct ElementwiseParams {
  std::uint32_t count;
};

// All tensors of an operation have the same number of elements, below 2^32, and no gaps; y may be
// an operand. ArgumentError for a missing one, DTypeError for a block type, ShapeError for another
// number of elements, with both numbers.

/// y = a + b. Any plain dtypes: in f32 if one of the three is a float type, else in y's own
/// integers, which wrap.
struct Add {
  AnyTensor a;
  AnyTensor b;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

/// y = a * b, in the types that Add computes in. With `a` alone an epilogue: value * a[token, row],
/// a plain float type of the result's shape.
struct Multiply {
  AnyTensor a;
  AnyTensor b = {};
  AnyTensor y = {};
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  /// ArgumentError with b or y.
  operator Stage() const;
};

/// y = silu(gate) * up, in f32 (Shazeer, "GLU Variants Improve Transformer", 2020). Float types.
struct SwiGlu {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

/// y = gelu(gate) * up, in f32, with GELU's tanh form (Shazeer 2020). Float types.
struct GeGlu {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
