// Embedding: rows of a table by token id.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/embedding.metal.
struct EmbeddingParams {
  std::uint32_t rows;
  std::uint32_t columns;
};

/// table: (rows, columns), any dtype with a policy; ids: (tokens,) i32 or u32; y: (tokens,
/// columns), or (columns,) for one token, a plain float type. An id outside of the table gives a
/// row of NaN.
struct Embedding {
  AnyTensor table;
  AnyTensor ids;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
