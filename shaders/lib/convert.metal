// Conversions between element types, defined for every value.
#pragma once
#include "lib/non_finite.metal"

/// Between integers, and to float types: as the language converts. Integers wrap.
template <class Y, class T>
inline Y converted(T value) {
  return Y(value);
}

/// A float becomes an integer without its fraction; beyond the type's ends the end, NaN 0.
template <class Y>
inline Y converted(float value) {
  if (!numeric_limits<Y>::is_integer) return Y(value);
  if (is_nan(value)) return Y(0);
  // The highest integer rounds up as a float where it has more bits: from there on it is the result.
  if (value >= float(numeric_limits<Y>::max())) return numeric_limits<Y>::max();
  if (value <= float(numeric_limits<Y>::min())) return numeric_limits<Y>::min();
  return Y(value);
}

/// Whether it is not zero, which NaN is not either.
template <>
inline bool converted<bool>(float value) {
  return magnitude_bits(value) != 0;
}
