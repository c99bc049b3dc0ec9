// The Metal library's float functions, run on the host, against the C library in double precision.
// Ahead of the C++ library, which takes the names of compiler builtins for its own.
#include "metal/math.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>

namespace {

// Every kStride-th float is tried; 1 tries all of them, in an hour.
constexpr uint32_t kStride = 8191;

using metal::detail::f2u;
using metal::detail::u2f;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// |got - want| in units of the last place that a float has at `want`; infinite where one is NaN or
// infinite and the other is not what it rounds to.
double ulps(float got, double want) {
  const auto rounded = static_cast<float>(want);
  if (std::isnan(rounded)) return std::isnan(got) ? 0.0 : kInf;
  if (got == rounded) return 0.0;
  if (std::isnan(got)) return kInf;
  if (std::isinf(rounded) && !std::isinf(got)) want = std::copysign(0x1p128, want);
  if (std::isinf(got)) {
    if (std::fabs(want) < 0x1.fffffep127) return kInf;
    return std::fabs(std::copysign(0x1p128, got) - want) / 0x1p104;
  }
  const int exponent = std::max(std::ilogb(want), -126);
  return std::fabs(static_cast<double>(got) - want) / std::ldexp(1.0, exponent - 23);
}

struct Unary {
  std::string name;
  float (*got)(float);
  double (*want)(double);
  double bound;  // in ulp; Metal's own table allows 4 or more for all but the exact ones
  double low = -kInf, high = kInf;
};

const float kEdges[] = {
    0.0f, -0.0f, 0x1p-149f, -0x1p-149f, 0x1p-127f, 0x1p-126f, -0x1p-126f, 0x1.fffffep-127f, 0.5f,
    -0.5f, 0x1.fffffep-2f, 1.0f, -1.0f, 0x1.fffffep-1f, 0x1.000002p0f, -0x1.000002p0f, 2.0f,
    88.72283f, 88.72284f, -87.33654f, -103.97208f, -103.97209f, 128.0f, -149.0f, -150.0f, 1e5f,
    1e10f, 0x1p24f, 0x1p28f, 0x1p31f, 0x1p63f, 0x1.fffffep127f, -0x1.fffffep127f, kInf, -kInf, kNan,
    // Closest floats to multiples of pi/2.
    0x1.921fb6p0f, 0x1.921fb6p1f, 0x1.2d97c8p2f, 16367173.0f * 0x1p72f, 0x1.6ac5b2p102f, 5419351.0f,
    -0x1.4dca3ep4f};

double worst(const Unary& f, uint32_t stride, float* where) {
  double most = 0;
  const auto check = [&](float x) {
    if (x < f.low || x > f.high) return;
    const double error = ulps(f.got(x), f.want(x));
    if (!(error <= most)) most = error, *where = x;
  };
  for (float x : kEdges) check(x);
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += stride)
    check(u2f(static_cast<uint32_t>(bits)));
  return most;
}

double rsqrt(double x) {
  return 1.0 / std::sqrt(x);
}
double exp10(double x) {
  return std::pow(10.0, x);
}
// pi x with the whole turns taken off first, which is exact.
double sinpi(double x) {
  return std::sin(std::numbers::pi * std::fmod(x, 2.0));
}
double cospi(double x) {
  return std::cos(std::numbers::pi * std::fmod(x, 2.0));
}

double tanpi(double x) {
  return std::tan(std::numbers::pi * std::fmod(x, 2.0));
}
double fract(double x) {
  return x - std::floor(x);
}

namespace precise = metal::precise;
namespace fast = metal::fast;

float sine_of_both(float x) {
  float cosine;
  return precise::sincos(x, cosine);
}
float cosine_of_both(float x) {
  float cosine;
  precise::sincos(x, cosine);
  return cosine;
}

#define PRECISE(name) [](float x) { return precise::name(x); }
#define FAST(name) [](float x) { return fast::name(x); }
#define STD(name) [](double x) { return std::name(x); }

const Unary kFunctions[] = {
    {"exp", PRECISE(exp), STD(exp), 1},
    {"exp2", PRECISE(exp2), STD(exp2), 1},
    {"exp10", PRECISE(exp10), exp10, 1.5},
    {"log", PRECISE(log), STD(log), 1},
    {"log2", PRECISE(log2), STD(log2), 1.5},
    {"log10", PRECISE(log10), STD(log10), 1},
    {"sin", PRECISE(sin), STD(sin), 1.5},
    {"cos", PRECISE(cos), STD(cos), 1.5},
    {"tan", PRECISE(tan), STD(tan), 3.5},
    {"asin", PRECISE(asin), STD(asin), 2.5},
    {"acos", PRECISE(acos), STD(acos), 2},
    {"atan", PRECISE(atan), STD(atan), 2},
    {"sinh", PRECISE(sinh), STD(sinh), 2},
    {"cosh", PRECISE(cosh), STD(cosh), 2},
    {"tanh", PRECISE(tanh), STD(tanh), 2.5},
    {"asinh", PRECISE(asinh), STD(asinh), 3},
    {"acosh", PRECISE(acosh), STD(acosh), 3},
    {"atanh", PRECISE(atanh), STD(atanh), 3},
    {"sinpi", PRECISE(sinpi), sinpi, 1.5, -0.75, 0.75},
    {"cospi", PRECISE(cospi), cospi, 1.5, -0.25, 0.25},
    {"tanpi", PRECISE(tanpi), tanpi, 4, -0.499, 0.499},
    {"rsqrt", PRECISE(rsqrt), rsqrt, 0},
    // Below 1, where the exact fraction of a small negative number rounds to 1.
    {"fract", PRECISE(fract), fract, 1, -0x1p100, 0x1p100},
    {"fabs", PRECISE(fabs), STD(fabs), 0},
    {"sincos, the sine", sine_of_both, STD(sin), 1.5},
    {"sincos, the cosine", cosine_of_both, STD(cos), 1.5},
    {"sqrt", PRECISE(sqrt), STD(sqrt), 0},
    {"round", PRECISE(round), STD(round), 0},
    {"rint", PRECISE(rint), STD(rint), 0},
    {"trunc", PRECISE(trunc), STD(trunc), 0},
    {"ceil", PRECISE(ceil), STD(ceil), 0},
    {"floor", PRECISE(floor), STD(floor), 0},
    {"fast rsqrt", FAST(rsqrt), rsqrt, 1.5},
    {"fast log", FAST(log), STD(log), 1},
    {"fast tanh", FAST(tanh), STD(tanh), 2.5},
    {"fast exp", FAST(exp), STD(exp), 1},
    {"fast exp2", FAST(exp2), STD(exp2), 1},
    {"fast sin", FAST(sin), STD(sin), 1.5, -0x1p30, 0x1p30},
    {"fast cos", FAST(cos), STD(cos), 1.5, -0x1p30, 0x1p30},
    {"fast tan", FAST(tan), STD(tan), 3.5, -0x1p30, 0x1p30},
};

}  // namespace

TEST_CASE("every float function is within its stated error, over the whole range of floats") {
  for (const Unary& f : kFunctions) {
    float where = 0;
    const double error = worst(f, kStride, &where);
    MESSAGE(f.name << ": at most " << error << " ulp, at " << where);
    CHECK_MESSAGE(error <= f.bound, f.name << "(" << where << ") is off by " << error << " ulp");
  }
}

namespace {

// Pairs of floats: every edge with every edge, then bit patterns spread over all floats and over
// [-8, 8].
template <class F>
void each_pair(F f) {
  for (float x : kEdges)
    for (float y : kEdges) f(x, y);
  uint32_t state = 12345;
  const auto next = [&] { return state = state * 1664525u + 1013904223u; };
  // Metal has no signalling NaNs (specification 8.1).
  const auto quiet = [](float x) { return std::isnan(x) ? kNan : x; };
  for (int i = 0; i < 400000; ++i) {
    const uint32_t a = next(), b = next();
    f(quiet(u2f(a)), quiet(u2f(b)));
    f(static_cast<float>(static_cast<int32_t>(a)) * 0x1p-28f,
      static_cast<float>(static_cast<int32_t>(b)) * 0x1p-28f);
  }
}

struct Binary {
  std::string name;
  float (*got)(float, float);
  double (*want)(double, double);
  double bound;
};
// IEEE 754's: unlike pow, it has no 0^0, infinity^0 and 1^infinity.
double powr(double x, double y) {
  x = std::fabs(x);
  const bool none = y == 0 ? x == 0 || std::isinf(x) : x == 1 && std::isinf(y);
  return none || std::isnan(x) || std::isnan(y) ? kNan : std::pow(x, y);
}
double fmin_float(double a, double b) {
  return std::fmin(a, b);
}
const Binary kBinary[] = {
    {"pow", [](float x, float y) { return precise::pow(x, y); },
     [](double x, double y) { return std::pow(x, y); }, 1.5},
    {"atan2", [](float y, float x) { return precise::atan2(y, x); },
     [](double y, double x) { return std::atan2(y, x); }, 2.5},
    {"powr", [](float x, float y) { return precise::powr(std::fabs(x), y); }, powr, 1.5},
    {"divide", [](float x, float y) { return precise::divide(x, y); },
     [](double x, double y) { return x / y; }, 0.5},
    {"fmax", [](float x, float y) { return precise::fmax(x, y); },
     [](double x, double y) { return std::fmax(x, y); }, 0},
    {"fdim", [](float x, float y) { return precise::fdim(x, y); },
     [](double x, double y) { return std::fdim(x, y); }, 0.5},
    {"fmin", [](float x, float y) { return precise::fmin(x, y); }, fmin_float, 0},
    {"copysign", [](float x, float y) { return precise::copysign(x, y); },
     [](double x, double y) { return std::copysign(x, y); }, 0},
};

}  // namespace

TEST_CASE("functions of two floats are within their stated error") {
  for (const Binary& f : kBinary) {
    double most = 0;
    float at_x = 0, at_y = 0;
    each_pair([&](float x, float y) {
      const double error = ulps(f.got(x, y), f.want(x, y));
      if (!(error <= most)) most = error, at_x = x, at_y = y;
    });
    MESSAGE(f.name << ": at most " << most << " ulp, at " << at_x << ", " << at_y);
    CHECK_MESSAGE(most <= f.bound,
                  f.name << "(" << at_x << ", " << at_y << ") is off by " << most << " ulp");
  }
}

TEST_CASE(
    "the reciprocal root is correctly rounded for every fraction and parity of the exponent") {
  uint32_t wrong = 0;
  for (uint32_t bits = f2u(1.0f); bits < f2u(4.0f); ++bits) {
    const float got = precise::rsqrt(u2f(bits));
    // got is right if 1 / sqrt(x) lies between the middles to its neighbours: x m^2 < 1 < x n^2. A
    // middle has 25 bits, so its square is exact, and the sign of fma(x, m^2, -1) is right.
    const double low = (static_cast<double>(got) + u2f(f2u(got) - 1)) / 2;
    const double high = (static_cast<double>(got) + u2f(f2u(got) + 1)) / 2;
    const double x = u2f(bits);
    wrong += std::fma(x, low * low, -1.0) > 0 || std::fma(x, high * high, -1.0) < 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("fma rounds once") {
  int wrong = 0;
  each_pair([&](float x, float y) {
    const float z = -x * y;
    const float got = precise::fma(x, y, z), want = std::fma(x, y, z);
    wrong += f2u(got) != f2u(want) && !(std::isnan(got) && std::isnan(want));
  });
  CHECK(wrong == 0);
}

TEST_CASE("fmod is exact while the quotient is below 2^52") {
  int wrong = 0;
  each_pair([&](float x, float y) {
    if (std::fabs(x / y) >= 0x1p52f && std::isfinite(x) && std::isfinite(y) && y != 0) return;
    const float got = precise::fmod(x, y), want = std::fmod(x, y);
    if (f2u(got) != f2u(want) && !(std::isnan(got) && std::isnan(want))) {
      if (wrong++ == 0) MESSAGE("fmod(" << x << ", " << y << ") = " << got << ", not " << want);
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("frexp, ldexp, ilogb, modf and nextafter are exact") {
  int wrong = 0;
  const auto same = [](float a, float b) { return f2u(a) == f2u(b) || (a != a && b != b); };
  each_pair([&](float x, float y) {
    int exponent = 0, want_exponent = 0;
    const float fraction = precise::frexp(x, exponent);
    const float want = std::frexp(x, &want_exponent);
    if (!std::isfinite(x)) want_exponent = 0;  // C leaves it open
    wrong += !same(fraction, want) || exponent != want_exponent;
    const int k = static_cast<int>(f2u(y) % 600) - 300;
    wrong += !same(precise::ldexp(x, k), std::ldexp(x, k));
    if (std::isfinite(x) && x != 0) wrong += precise::ilogb(x) != std::ilogb(x);
    float whole = 0, want_whole = 0;
    const float part = precise::modf(x, whole), want_part = std::modf(x, &want_whole);
    wrong += !same(part, want_part) || !same(whole, want_whole);
    wrong += !same(precise::nextafter(x, y), std::nextafter(x, y));
  });
  CHECK(wrong == 0);
}

TEST_CASE("half and bfloat round the float result once") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto h = std::bit_cast<half>(static_cast<uint16_t>(bits));
    const auto x = static_cast<double>(static_cast<float>(h));
    // A float result near the middle of two halves may round to the other one.
    const double e = std::exp(x), got = static_cast<float>(metal::exp(h));
    if (e < 60000 && e > 0x1p-14)
      CHECK_MESSAGE(std::fabs(got - e) <= 0.501 * std::ldexp(1.0, std::ilogb(e) - 10), "exp " << x);
    if (std::isfinite(x))
      CHECK_MESSAGE(static_cast<float>(metal::sqrt(metal::abs(h))) ==
                        static_cast<float>(static_cast<half>(std::sqrt(std::fabs(x)))),
                    "sqrt " << x);
  }
}
