// Argmax: the index of each row's largest element.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/argmax.metal.
struct ArgmaxParams {
  std::uint32_t columns;
};

/// x: (columns,) or (rows, columns), a plain float type; y: (rows,) i32 or u32. As numpy has it: of
/// equal elements the first, and NaN, the first one, above all. With finite_only a row whose
/// largest element is NaN or infinite gives ~i (-1 - i; as u32 2^32 - 1 - i) in place of its index
/// i: how greedy decoding learns of logits that no token can be chosen by.
struct Argmax {
  AnyTensor x;
  AnyTensor y;
  bool finite_only = false;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
