// Numbers of the host that become elements of an integer type: private to ops.
#pragma once

#include <cmath>
#include <limits>

#include "foundry/ops/checks.hpp"

namespace foundry::ops {

/// The lowest and highest value of an integer dtype, as doubles: exact up to 32 bits, above the
/// highest by one for 64.
struct IntegerRange {
  double lowest;
  double highest;
};

inline IntegerRange integer_range(DType dtype) {
  if (dtype == DType::bool_) return {0.0, 1.0};
  const int bits = static_cast<int>(8 * info(dtype).block_bytes);
  const bool is_signed = info(dtype).name[0] == 'i';
  return {is_signed ? -std::ldexp(1.0, bits - 1) : 0.0,
          std::ldexp(1.0, is_signed ? bits - 1 : bits) - 1.0};
}

/// `value` as an element of the integer type; ArgumentError "Fill: 300 is no u8" otherwise. u64
/// goes up to 2^63: what an i64 carries.
inline std::int64_t integer_of(std::string_view op, double value, DType dtype) {
  const IntegerRange range = integer_range(dtype);
  constexpr double kLimit = 0x1p63;
  if (std::trunc(value) != value || value < range.lowest || value > range.highest ||
      value >= kLimit) {
    throw ArgumentError(concat(op, ": ", value, " is no ", name_of(dtype)));
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace foundry::ops
