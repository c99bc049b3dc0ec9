// Elementwise operations of two tensors: add, multiply, SwiGLU, GeGLU.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with the elementwise kernels.
struct ElementwiseParams {
  std::uint32_t count;
};

struct Add {
  AnyTensor a;
  AnyTensor b;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = a + b, element by element. In f32 if one of the three is of a float type, then as Copy "
      "casts; else in y's own integers, which wrap. All have the same number of elements, below "
      "2^32, and no gaps. DTypeError for a block type, ShapeError for another number of elements, "
      "with both numbers.",
      read<&Add::a>(Elements::plain, "any shape"), read<&Add::b>(Elements::plain, "a's size"),
      write<&Add::y>(Elements::plain, "a's size").may_be<&Add::a, &Add::b>());
};

struct Multiply {
  AnyTensor a;
  AnyTensor b = {};
  AnyTensor y = {};
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator Stage() const;

  static constexpr auto description = operation(
      "y = a * b, element by element, in the types that Add computes in. With a alone an epilogue: "
      "value * a[token, row].",
      read<&Multiply::a>(Elements::plain, "any shape; of an epilogue the result's, a float type"),
      read<&Multiply::b>(Elements::plain, "a's size").to_run(),
      write<&Multiply::y>(Elements::plain, "a's size")
          .to_run()
          .may_be<&Multiply::a, &Multiply::b>());
};

struct SwiGlu {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = silu(gate) * up, element by element, in f32. Shazeer 2020.",
      read<&SwiGlu::gate>(Elements::floats, "any shape"),
      read<&SwiGlu::up>(Elements::floats, "gate's size"),
      write<&SwiGlu::y>(Elements::floats, "gate's size").may_be<&SwiGlu::gate, &SwiGlu::up>());
};

struct GeGlu {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = gelu(gate) * up, element by element, in f32, with GELU's tanh form. Shazeer 2020.",
      read<&GeGlu::gate>(Elements::floats, "any shape"),
      read<&GeGlu::up>(Elements::floats, "gate's size"),
      write<&GeGlu::y>(Elements::floats, "gate's size").may_be<&GeGlu::gate, &GeGlu::up>());
};

}  // namespace foundry::ops
