// Embedding: rows of a table by token id.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/embedding.metal.
struct EmbeddingParams {
  std::uint32_t rows;
  std::uint32_t columns;
};

struct Embedding {
  AnyTensor table;
  AnyTensor ids;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Rows of a table by token id. An id outside of the table gives a row of NaN.",
      read<&Embedding::table>(Elements::weights, "(rows, columns)"),
      read<&Embedding::ids>(Elements::index, "(tokens,)"),
      write<&Embedding::y>(Elements::floats, "(tokens, columns), or (columns,) for one token"));
};

}  // namespace foundry::ops
