// Embedding: rows of a table by token id, scaled, a position's row and an offset added.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/parameter.hpp"
#include "foundry/kernel/places.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/embedding.metal.
struct EmbeddingParams {
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t start;  ///< position of the first token
  float scale;
};

struct Embedding {
  AnyTensor table;
  AnyTensor ids;
  AnyTensor y;
  float scale = 1.0f;
  AnyTensor positions = {};
  AnyTensor offset = {};
  Scalar<std::uint32_t> start = {};
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Rows of a table by token id: y[t] = scale * table[ids[t]] + positions[start + t] + offset. "
      "An id outside of the table gives a row of NaN; ShapeError for positions past their table. "
      "Places count where there are positions.",
      read<&Embedding::table>(Elements::weights, "(rows, columns)"),
      read<&Embedding::ids>(Elements::index, "(tokens,)"),
      write<&Embedding::y>(Elements::floats, "(tokens, columns), or (columns,) for one token"),
      ByName{}, setting<&Embedding::scale>("of the table's rows (Gemma)"),
      optional_read<&Embedding::positions>(Elements::floats, "(positions, columns) (GPT-2)"),
      optional_read<&Embedding::offset>(Elements::floats,
                                        "(columns,), the same for all (BERT's token type)"),
      setting<&Embedding::start>("position of the first token"),
      optional_read<&Embedding::places>(Elements::any, kPlacesDocumentation));
};

}  // namespace foundry::ops
