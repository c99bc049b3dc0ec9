// <metal_limits>: numeric_limits of every scalar type (specification 2.21 and 6.2).
#pragma once

#include "type_traits.h"

namespace metal {

enum float_round_style {
  round_indeterminate = -1,
  round_toward_zero = 0,
  round_to_nearest = 1,
  round_toward_infinity = 2,
  round_toward_neg_infinity = 3
};
enum float_denorm_style { denorm_indeterminate = -1, denorm_absent = 0, denorm_present = 1 };

template <class T>
struct _numeric_limits {
  static constexpr bool is_specialized = false;
};

template <class T>
  requires(is_integral_v<T>)
struct _numeric_limits<T> {
 private:
  static constexpr bool kSigned = static_cast<T>(-1) < static_cast<T>(0);
  static constexpr bool kBool = __is_same(T, bool);

 public:
  static constexpr bool is_specialized = true, is_signed = kSigned, is_integer = true,
                        is_exact = true, has_infinity = false, has_quiet_NaN = false,
                        has_signaling_NaN = false, is_iec559 = false, is_bounded = true,
                        is_modulo = !kSigned && !kBool, traps = false, tinyness_before = false;
  static constexpr int radix = 2, digits = kBool ? 1 : int(sizeof(T) * 8) - kSigned,
                       digits10 = digits * 301 / 1000, max_digits10 = 0, min_exponent = 0,
                       min_exponent10 = 0, max_exponent = 0, max_exponent10 = 0;
  static constexpr float_denorm_style has_denorm = denorm_absent;
  static constexpr bool has_denorm_loss = false;
  static constexpr float_round_style round_style = round_toward_zero;
  static constexpr T max() { return kBool ? T(1) : T(~0ull >> (64 - digits)); }
  static constexpr T min() { return kSigned ? T(-max() - 1) : T(0); }
  static constexpr T lowest() { return min(); }
  static constexpr T epsilon() { return T(0); }
  static constexpr T round_error() { return T(0); }
  static constexpr T infinity() { return T(0); }
  static constexpr T quiet_NaN() { return T(0); }
  static constexpr T signaling_NaN() { return T(0); }
  static constexpr T denorm_min() { return T(0); }
};

#define ANVIL_FLOAT_LIMITS(T, P, D10, MD10, EMIN, EMIN10, EMAX, EMAX10, MAX, MIN, EPS, DEN) \
  template <>                                                                               \
  struct _numeric_limits<T> {                                                               \
    static constexpr bool is_specialized = true, is_signed = true, is_integer = false,      \
                          is_exact = false, has_infinity = true, has_quiet_NaN = true,      \
                          has_signaling_NaN = true, is_iec559 = true, is_bounded = true,    \
                          is_modulo = false, traps = false, tinyness_before = false;        \
    static constexpr int radix = 2, digits = P, digits10 = D10, max_digits10 = MD10,        \
                         min_exponent = EMIN, min_exponent10 = EMIN10, max_exponent = EMAX, \
                         max_exponent10 = EMAX10;                                           \
    static constexpr float_denorm_style has_denorm = denorm_present;                        \
    static constexpr bool has_denorm_loss = false;                                          \
    static constexpr float_round_style round_style = round_to_nearest;                      \
    static constexpr T max() { return static_cast<T>(MAX); }                                \
    static constexpr T min() { return static_cast<T>(MIN); }                                \
    static constexpr T lowest() { return static_cast<T>(-MAX); }                            \
    static constexpr T epsilon() { return static_cast<T>(EPS); }                            \
    static constexpr T round_error() { return static_cast<T>(0.5f); }                       \
    static constexpr T infinity() { return static_cast<T>(__builtin_inff()); }              \
    static constexpr T quiet_NaN() { return static_cast<T>(__builtin_nanf("")); }           \
    static constexpr T signaling_NaN() { return static_cast<T>(__builtin_nanf("")); }       \
    static constexpr T denorm_min() { return static_cast<T>(DEN); }                         \
  };
ANVIL_FLOAT_LIMITS(float, 24, 6, 9, -125, -37, 128, 38, 0x1.fffffep127f, 0x1p-126f, 0x1p-23f,
                   0x1p-149f)
ANVIL_FLOAT_LIMITS(half, 11, 3, 5, -13, -4, 16, 4, 0x1.ffcp15f, 0x1p-14f, 0x1p-10f, 0x1p-24f)
ANVIL_FLOAT_LIMITS(bfloat, 8, 2, 4, -125, -37, 128, 38, 0x1.fep127f, 0x1p-126f, 0x1p-7f, 0x1p-133f)
#undef ANVIL_FLOAT_LIMITS

template <class T>
struct numeric_limits : _numeric_limits<__remove_cv(T)> {};

}  // namespace metal
