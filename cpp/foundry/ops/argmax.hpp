// Argmax: the index of each row's largest element.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/argmax.metal.
struct ArgmaxParams {
  std::uint32_t columns;
};

struct Argmax {
  AnyTensor x;
  AnyTensor y;
  bool finite_only = false;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "The index of each row's largest element. As numpy has it: of equal elements the first, and "
      "NaN, the first one, above all.",
      read<&Argmax::x>(Elements::floats, "(columns,) or (rows, columns)"),
      write<&Argmax::y>(Elements::index, "(rows,)"), ByName{},
      setting<&Argmax::finite_only>(
          "a row whose largest element is NaN or infinite gives ~i, below zero, in place of its "
          "index i: how greedy decoding learns of logits that no token can be chosen by"));
};

}  // namespace foundry::ops
