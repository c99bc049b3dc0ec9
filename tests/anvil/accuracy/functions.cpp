#include "functions.hpp"

#include <climits>
#include <numbers>

namespace accuracy {
namespace {

// Correctly rounded: half an ulp, and what double's own rounding adds.
constexpr double kRounded = 0.5 + 0x1p-20;
constexpr Bounds kExact{0, 0, 0};
constexpr Bounds kCorrect{kRounded, kRounded, kRounded};
// Within `ulp` in precise and fast math, and within one in half.
constexpr Bounds within(double ulp) {
  return {ulp, ulp, 1};
}

bool is_finite(double x, double) {
  return std::isfinite(x);
}
double sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : std::isnan(x) ? 0 : x;
}
// pi x with the whole turns taken off first, which is exact.
double turns(double x) {
  return std::numbers::pi * std::fmod(x, 2.0);
}
// The results that are exact are: sin(pi) is not 0 in double.
double sinpi(double x) {
  const double r = std::fmod(x, 2.0);
  return std::fmod(r, 1.0) == 0 ? std::copysign(0.0, x) : std::sin(turns(x));
}
double cospi(double x) {
  return std::fabs(std::fmod(x, 1.0)) == 0.5 ? 0.0 : std::cos(turns(x));
}
double tanpi(double x) {
  return sinpi(x) / cospi(x);
}
bool no_pole_of_tanpi(double x, double) {
  return std::fabs(std::fmod(x, 1.0)) != 0.5;
}
double fract(double x, const Format& f) {
  if (std::isinf(x)) return std::nan("");
  return std::fmin(x - std::floor(x), 1 - std::ldexp(1.0, -f.digits));
}
double ilogb(double x) {
  if (x == 0 || std::isnan(x)) return INT_MIN;
  return std::isinf(x) ? 0x1p31 : std::ilogb(x);
}
double fraction_of_frexp(double x) {
  int exponent;
  return std::frexp(x, &exponent);
}
double exponent_of_frexp(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return exponent;
}
double fraction_of_modf(double x) {
  double whole;
  return std::modf(x, &whole);
}
// As IEEE 754 defines it: NaN with any NaN, and where the limit depends on the way there.
double powr(double x, double y) {
  if (std::isnan(x) || std::isnan(y) || x < 0) return std::nan("");
  if ((x == 0 || std::isinf(x)) && y == 0) return std::nan("");
  if (x == 1 && std::isinf(y)) return std::nan("");
  return std::pow(std::fabs(x), y);
}
double smoothstep(double x) {
  const double t = std::fmin(std::fmax((x + 1) / 3, 0.0), 1.0);
  return t * t * (3 - 2 * t);
}
bool is_number(double x, double) {
  return !std::isnan(x);
}
bool are_numbers(double x, double y) {
  return !std::isnan(x) && !std::isnan(y);
}
bool fits_int(double, double y) {
  return std::fabs(y) < 0x1p31;
}
// The fast variants take whole turns off up to there.
bool reduces_fast(double x, double) {
  return std::fabs(x) < 0x1p30;
}
bool inverts_fast(double x, double) {
  return std::fabs(x) >= 0x1p-126 && std::fabs(x) <= 0x1p126;
}
// Where table 8.2 says what division is.
bool divides_fast(double, double y) {
  return std::fabs(y) >= 0x1p-126 && std::fabs(y) <= 0x1p126;
}

#define UNARY(expression)                           \
  [](double x, double, const Format& f) -> double { \
    (void)f;                                        \
    return expression;                              \
  }
#define BINARY(expression)                            \
  [](double x, double y, const Format& f) -> double { \
    (void)f;                                          \
    return expression;                                \
  }

const Function kUnary[] = {
    {"acos", "NS acos(x)", UNARY(std::acos(x)), within(4)},
    {"acosh", "NS acosh(x)", UNARY(std::acosh(x)), within(4)},
    {"asin", "NS asin(x)", UNARY(std::asin(x)), within(4)},
    {"asinh", "NS asinh(x)", UNARY(std::asinh(x)), within(4)},
    {"atan", "NS atan(x)", UNARY(std::atan(x)), within(5)},
    {"atanh", "NS atanh(x)", UNARY(std::atanh(x)), within(5)},
    {"ceil", "NS ceil(x)", UNARY(std::ceil(x)), kExact},
    {"cos", "NS cos(x)", UNARY(std::cos(x)), within(4), nullptr, reduces_fast},
    {"cosh", "NS cosh(x)", UNARY(std::cosh(x)), within(4)},
    {"cospi", "NS cospi(x)", UNARY(cospi(x)), within(4), nullptr, nullptr, false},
    {"exp", "NS exp(x)", UNARY(std::exp(x)), within(4)},
    {"exp2", "NS exp2(x)", UNARY(std::exp2(x)), within(4)},
    {"exp10", "NS exp10(x)", UNARY(std::pow(10.0, x)), within(4)},
    {"fabs", "NS fabs(x)", UNARY(std::fabs(x)), kExact},
    {"floor", "NS floor(x)", UNARY(std::floor(x)), kExact},
    {"fract", "NS fract(x)", UNARY(fract(x, f)), kCorrect, is_finite},
    {"frexp, the fraction", "({ int e; NS frexp(x, e); })", UNARY(fraction_of_frexp(x)), kExact},
    {"frexp, the exponent", "({ int e; NS frexp(x, e); e; })", UNARY(exponent_of_frexp(x)), kExact,
     is_finite},
    {"ilogb", "NS ilogb(x)", UNARY(ilogb(x)), kExact},
    {"log", "NS log(x)", UNARY(std::log(x)), within(4)},
    {"log2", "NS log2(x)", UNARY(std::log2(x)), within(4)},
    {"log10", "NS log10(x)", UNARY(std::log10(x)), within(4)},
    {"modf, the fraction", "({ T w; NS modf(x, w); })", UNARY(fraction_of_modf(x)), kExact},
    {"modf, the whole", "({ T w; NS modf(x, w); w; })", UNARY(std::trunc(x)), kExact},
    {"rint", "NS rint(x)", UNARY(std::nearbyint(x)), kExact},
    {"round", "NS round(x)", UNARY(std::round(x)), kExact},
    {"rsqrt", "NS rsqrt(x)", UNARY(1 / std::sqrt(x)), {kRounded, 2, 1}},
    {"sin", "NS sin(x)", UNARY(std::sin(x)), within(4), nullptr, reduces_fast},
    {"sincos, the sine", "({ T c; NS sincos(x, c); })", UNARY(std::sin(x)), within(4), nullptr,
     reduces_fast},
    {"sincos, the cosine", "({ T c; NS sincos(x, c); c; })", UNARY(std::cos(x)), within(4), nullptr,
     reduces_fast},
    {"sinh", "NS sinh(x)", UNARY(std::sinh(x)), within(4)},
    {"sinpi", "NS sinpi(x)", UNARY(sinpi(x)), within(4), nullptr, nullptr, false},
    {"sqrt", "NS sqrt(x)", UNARY(std::sqrt(x)), kCorrect},
    {"tan", "NS tan(x)", UNARY(std::tan(x)), within(6), nullptr, reduces_fast},
    {"tanh", "NS tanh(x)", UNARY(std::tanh(x)), within(5)},
    {"tanpi", "NS tanpi(x)", UNARY(tanpi(x)), within(6), no_pole_of_tanpi, nullptr, false},
    {"trunc", "NS trunc(x)", UNARY(std::trunc(x)), kExact},
    {"1 / x", "T(1) / x", UNARY(1 / x), {kRounded, 1, kRounded}, nullptr, inverts_fast},
    // Common and relational functions: as they are defined, specification 6.3 and 6.5.
    {"abs", "abs(x)", UNARY(std::fabs(x)), kExact},
    {"saturate", "saturate(x)", UNARY(std::fmin(std::fmax(x, 0.0), 1.0)), kExact, nullptr, nullptr,
     false},
    {"clamp", "clamp(x, T(-2), T(3))", UNARY(std::fmin(std::fmax(x, -2.0), 3.0)), kExact},
    {"sign", "sign(x)", UNARY(sign(x)), kExact},
    {"step", "step(T(0.5), x)", UNARY(x < 0.5 ? 0 : 1), kExact, is_number},
    {"smoothstep", "smoothstep(T(-1), T(2), x)", UNARY(smoothstep(x)), {4, 4, 1}, is_number},
    {"isnan", "isnan(x)", UNARY(std::isnan(x)), kExact},
    {"isinf", "isinf(x)", UNARY(std::isinf(x)), kExact},
    {"isfinite", "isfinite(x)", UNARY(std::isfinite(x)), kExact},
    {"isnormal", "isnormal(x)", UNARY(std::isfinite(x) && x != 0 && !is_subnormal(x, f)), kExact},
    {"signbit", "signbit(x)", UNARY(std::signbit(x)), kExact, is_number},
};

const Function kBinary[] = {
    {"atan2", "NS atan2(x, y)", BINARY(std::atan2(x, y)), within(6)},
    {"copysign", "NS copysign(x, y)", BINARY(std::copysign(x, y)), kExact, are_numbers},
    {"divide", "NS divide(x, y)", BINARY(x / y), {kRounded, 2.5, kRounded}, nullptr, divides_fast},
    {"fdim", "NS fdim(x, y)",
     BINARY(std::isnan(x) || std::isnan(y) ? NAN
            : x > y                        ? x - y
                                           : 0.0),
     kCorrect},
    {"fma", "NS fma(x, y, y)", BINARY(std::fma(x, y, y)), kCorrect},
    {"fmax", "NS fmax(x, y)", BINARY(std::fmax(x, y)), kExact, nullptr, nullptr, false},
    {"fmin", "NS fmin(x, y)", BINARY(std::fmin(x, y)), kExact, nullptr, nullptr, false},
    {"fmod", "NS fmod(x, y)", BINARY(std::fmod(x, y)), kExact},
    {"ldexp", "NS ldexp(x, int(y))", BINARY(std::ldexp(x, static_cast<int>(y))), kCorrect,
     fits_int},
    {"nextafter", "NS nextafter(x, y)", BINARY(next_after(x, y, f)), kExact},
    {"pow", "NS pow(x, y)", BINARY(std::pow(x, y)), within(16)},
    {"powr", "NS powr(x, y)", BINARY(powr(x, y)), within(16)},
    {"x + y", "x + y", BINARY(x + y), kCorrect},
    {"x - y", "x - y", BINARY(x - y), kCorrect},
    {"x * y", "x * y", BINARY(x * y), kCorrect},
    {"x / y", "x / y", BINARY(x / y), {kRounded, 2.5, kRounded}, nullptr, divides_fast},
    {"max", "max(x, y)", BINARY(std::fmax(x, y)), kExact, are_numbers, nullptr, false},
    {"min", "min(x, y)", BINARY(std::fmin(x, y)), kExact, are_numbers, nullptr, false},
    {"fmin3", "NS fmin3(x, y, T(1))", BINARY(std::fmin(std::fmin(x, y), 1.0)), kExact, nullptr,
     nullptr, false},
    {"fmax3", "NS fmax3(x, y, T(1))", BINARY(std::fmax(std::fmax(x, y), 1.0)), kExact, nullptr,
     nullptr, false},
    {"isunordered", "isunordered(x, y)", BINARY(std::isunordered(x, y)), kExact},
    {"isordered", "isordered(x, y)", BINARY(!std::isunordered(x, y)), kExact},
};

}  // namespace

std::span<const Function> unary_functions() {
  return kUnary;
}
std::span<const Function> binary_functions() {
  return kBinary;
}

}  // namespace accuracy
