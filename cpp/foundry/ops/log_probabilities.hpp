// LogProbabilities: of chosen tokens and of the likeliest ones, from logits as they are.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/log_probabilities.metal.
struct LogProbabilitiesParams {
  std::uint32_t columns;
  std::uint32_t top;
  std::uint32_t capacity;
  std::uint32_t position;
};

struct LogProbabilities {
  AnyTensor logits;
  AnyTensor token;
  AnyTensor chosen;
  AnyTensor ids = {};
  AnyTensor values = {};
  Scalar<std::uint32_t> position = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Row by row the logarithm of the probability of a token, and the likeliest tokens with "
      "theirs, in their order, of equal ones the lower id first. Where a logit is NaN or +inf, or "
      "all are -inf, all are NaN, and the ids are the first ones; so is that of a token which is "
      "none. Results are rings: row r goes to (position + r) % capacity.",
      read<&LogProbabilities::logits>(Elements::floats, "(columns,) or (rows, columns)"),
      read<&LogProbabilities::token>(Elements::index, "(rows,)"),
      write<&LogProbabilities::chosen>(Elements::any, "(capacity,); f32; rows or more"),
      optional_write<&LogProbabilities::ids>(
          Elements::index, "(capacity, top), token's dtype, for the likeliest, 1024 at most"),
      optional_write<&LogProbabilities::values>(Elements::any, "of ids: their size; f32"), ByName{},
      setting<&LogProbabilities::position>("of the first row's results"));
};

}  // namespace foundry::ops
