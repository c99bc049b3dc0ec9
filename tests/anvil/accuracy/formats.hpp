// formats.hpp: MSL's floating-point formats as seen from double, which holds every number of
// theirs.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace accuracy {

struct Format {
  const char* name;  ///< MSL's type
  int digits;        ///< bits of the significand, the hidden one among them
  int min_exponent;  ///< of the smallest normal number, a power of two
  int max_exponent;  ///< of the largest number, as std::ilogb has it
};
inline constexpr Format kFloat{"float", 24, -126, 127};
inline constexpr Format kHalf{"half", 11, -14, 15};
inline constexpr Format kBfloat{"bfloat", 8, -126, 127};

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The distance between the two numbers of the format around `v` (specification 8.4's ulp).
inline double ulp(double v, const Format& f) {
  const int exponent = v == 0 ? f.min_exponent : std::max(std::ilogb(v), f.min_exponent);
  return std::ldexp(1.0, exponent - f.digits + 1);
}

/// `v` in the format: to nearest, ties to even.
inline double rounded(double v, const Format& f) {
  if (!std::isfinite(v) || v == 0) return v;
  const double unit = ulp(v, f), r = std::nearbyint(v / unit) * unit;
  return std::fabs(r) >= std::ldexp(1.0, f.max_exponent + 1) ? std::copysign(kInfinity, v) : r;
}

inline bool is_subnormal(double v, const Format& f) {
  return v != 0 && std::fabs(v) < std::ldexp(1.0, f.min_exponent);
}

/// |got - want| in ulp at `want`; infinite where one of them is NaN or infinite and the other is
/// not what it rounds to.
inline double error_in_ulp(double got, double want, const Format& f) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : kInfinity;
  const double nearest = rounded(want, f);
  if (got == want || (got == nearest && std::isinf(got))) return 0;
  if (std::isnan(got)) return kInfinity;
  const double beyond = std::ldexp(1.0, f.max_exponent + 1);  // what infinity stands for
  if (std::isinf(got)) {
    if (std::signbit(got) != std::signbit(want) || std::fabs(want) < beyond - ulp(beyond / 2, f))
      return kInfinity;
    return (beyond - std::fabs(want)) / ulp(beyond / 2, f);
  }
  if (std::isinf(nearest)) want = std::copysign(std::fmin(std::fabs(want), beyond), want);
  return std::fabs(got - want) / ulp(std::isinf(nearest) ? beyond / 2 : want, f);
}

/// The next number of the format from x towards y.
inline double next_after(double x, double y, const Format& f) {
  if (std::isnan(x) || std::isnan(y)) return x + y;
  if (x == y) return y;
  const double smallest = std::ldexp(1.0, f.min_exponent - f.digits + 1);
  const double largest = std::ldexp(2.0 - std::ldexp(1.0, 1 - f.digits), f.max_exponent);
  if (x == 0) return std::copysign(smallest, y);
  if (std::isinf(x)) return std::copysign(largest, x);
  if ((x < y) == (x > 0)) {
    const double away = std::fabs(x) + ulp(x, f);
    return std::copysign(away > largest ? kInfinity : away, x);
  }
  // Below a power of two the numbers lie closer.
  return std::copysign(std::fabs(x) - ulp(std::fabs(x) * (1 - 0x1p-30), f), x);
}

}  // namespace accuracy
