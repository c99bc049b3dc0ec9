// Mathematical, common, geometric and integer functions on Anvil, against C++ in double (MSL 6.3 to
// 6.6, 6.10). Accuracy over all floats is math_accuracy.cpp's; here the compiled functions must
// agree.
#include <bit>
#include <limits>

#include "expressions.hpp"

using language::check_expressions;
using language::Expression;
using language::Inputs;

namespace {

// A few ulp of float, relative: the functions' own bound is at most 3.
constexpr double kFloat = 4e-7;
// One rounding to a half (11 bits) or a bfloat (8 bits) of arguments and of the result.
constexpr double kHalf = 1.2e-3, kBfloat = 9e-3;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double half(double v) {
  return static_cast<double>(static_cast<_Float16>(v));
}

const Expression kFunctions[] = {
    {"exp(x)", [](const Inputs& in) { return std::exp(double{in.x}); }, kFloat},
    {"exp2(x)", [](const Inputs& in) { return std::exp2(double{in.x}); }, kFloat},
    {"exp10(x)", [](const Inputs& in) { return std::pow(10.0, double{in.x}); }, kFloat},
    {"log(x)", [](const Inputs& in) { return std::log(double{in.x}); }, kFloat},
    {"log2(x)", [](const Inputs& in) { return std::log2(double{in.x}); }, kFloat},
    {"log10(x)", [](const Inputs& in) { return std::log10(double{in.x}); }, kFloat},
    {"sin(x)", [](const Inputs& in) { return std::sin(double{in.x}); }, kFloat},
    {"cos(x)", [](const Inputs& in) { return std::cos(double{in.x}); }, kFloat},
    {"sin(x * 1e20f)", [](const Inputs& in) { return std::sin(double{in.x * 1e20f}); }, kFloat},
    {"tan(x)", [](const Inputs& in) { return std::tan(double{in.x}); }, kFloat},
    {"asin(x / 4.5f)", [](const Inputs& in) { return std::asin(double{in.x / 4.5f}); }, kFloat},
    {"acos(x / 4.5f)", [](const Inputs& in) { return std::acos(double{in.x / 4.5f}); }, kFloat},
    {"atan(x)", [](const Inputs& in) { return std::atan(double{in.x}); }, kFloat},
    {"atan2(x, y)", [](const Inputs& in) { return std::atan2(double{in.x}, double{in.y}); },
     kFloat},
    {"sinh(x)", [](const Inputs& in) { return std::sinh(double{in.x}); }, kFloat},
    {"cosh(x)", [](const Inputs& in) { return std::cosh(double{in.x}); }, kFloat},
    {"tanh(x)", [](const Inputs& in) { return std::tanh(double{in.x}); }, kFloat},
    {"asinh(x)", [](const Inputs& in) { return std::asinh(double{in.x}); }, kFloat},
    {"acosh(1 + abs(x))", [](const Inputs& in) { return std::acosh(double{1 + std::fabs(in.x)}); },
     kFloat},
    {"atanh(x / 4.5f)", [](const Inputs& in) { return std::atanh(double{in.x / 4.5f}); }, kFloat},
    {"pow(abs(x), y)",
     [](const Inputs& in) { return std::pow(std::fabs(double{in.x}), double{in.y}); }, kFloat},
    {"pow(x, 3)", [](const Inputs& in) { return std::pow(double{in.x}, 3.0); }, kFloat},
    {"powr(abs(x) + 1, y)",
     [](const Inputs& in) { return std::pow(double{std::fabs(in.x) + 1}, double{in.y}); }, kFloat},
    {"sqrt(abs(x))", [](const Inputs& in) { return std::sqrt(std::fabs(double{in.x})); }, 6e-8},
    {"rsqrt(abs(x) + 1)",
     [](const Inputs& in) { return 1 / std::sqrt(double{std::fabs(in.x) + 1}); }, kFloat},
    {"float c; r = sincos(x, c); r = r * 2 + c;",
     [](const Inputs& in) { return std::sin(double{in.x}) * 2 + std::cos(double{in.x}); }, kFloat},
    {"sinpi(x) + cospi(y)",
     [](const Inputs& in) { return std::sin(M_PI * in.x) + std::cos(M_PI * in.y); }, kFloat},
    {"floor(x) + ceil(y) * 10 + trunc(x) * 100 + rint(y) * 1000",
     [](const Inputs& in) {
       return std::floor(in.x) + std::ceil(in.y) * 10 + std::trunc(in.x) * 100 +
              std::rint(in.y) * 1000;
     }},
    {"round(a * 0.5f)", [](const Inputs& in) { return std::round(in.a * 0.5); }},
    {"fract(x)", [](const Inputs& in) { return in.x - std::floor(in.x); }, kFloat},
    {"fmod(x, y)", [](const Inputs& in) { return std::fmod(in.x, in.y); }},
    {"int e; r = frexp(x, e); r += e * 4;",
     [](const Inputs& in) {
       int e = 0;
       const float f = std::frexp(in.x, &e);
       return f + static_cast<float>(e * 4);
     }},
    {"ldexp(x, a)", [](const Inputs& in) { return std::ldexp(double{in.x}, in.a); }, 1e-7},
    {"float w; r = modf(x, w); r += w * 16;",
     [](const Inputs& in) {
       float w = 0;
       const float f = std::modf(in.x, &w);
       return f + w * 16;
     }},
    {"ilogb(x)", [](const Inputs& in) { return in.x == 0 ? -2147483648.0 : std::ilogb(in.x); }},
    {"copysign(x, y)", [](const Inputs& in) { return std::copysign(in.x, in.y); }},
    {"fdim(x, y)", [](const Inputs& in) { return std::fdim(in.x, in.y); }},
    {"nextafter(x, y)", [](const Inputs& in) { return std::nextafter(in.x, in.y); }},
    {"fma(x, y, 0.5f)", [](const Inputs& in) { return std::fma(in.x, in.y, 0.5f); }},
    {"float(exp(half(x)))", [](const Inputs& in) { return std::exp(half(in.x)); }, kHalf},
    {"half2 h = tanh(half2(x, y)); r = h.x + h.y;",
     [](const Inputs& in) { return std::tanh(double{in.x}) + std::tanh(double{in.y}); }, 3 * kHalf},
    {"float(cos(bfloat(x)))", [](const Inputs& in) { return std::cos(double{in.x}); }, 4 * kBfloat},
    {"float4 v = exp(float4(x, y, 0, 1)); r = v.x + v.y + v.z + v.w;",
     [](const Inputs& in) { return std::exp(double{in.x}) + std::exp(double{in.y}) + 1 + M_E; },
     kFloat},
    {"precise::exp(x) - precise::log(abs(x) + 1)",
     [](const Inputs& in) {
       return std::exp(double{in.x}) - std::log(double{std::fabs(in.x) + 1});
     },
     kFloat},
    {"fast::exp(x) + fast::sin(y) + fast::tanh(x)",
     [](const Inputs& in) {
       return std::exp(double{in.x}) + std::sin(double{in.y}) + std::tanh(double{in.x});
     },
     kFloat},
    {"exp(-INFINITY) + (isinf(exp(1000.0f)) ? 1 : 0) + (isnan(log(-1.0f)) ? 2 : 0)",
     [](const Inputs&) { return 3; }},
    {"NAN + x", [](const Inputs&) { return kNan; }},
    {"fmin(x, NAN) + fmax(NAN, y)", [](const Inputs& in) { return in.x + in.y; }, kFloat},
};

const Expression kCommon[] = {
    {"clamp(x, -1.0f, 1.0f)", [](const Inputs& in) { return std::fmin(std::fmax(in.x, -1), 1); }},
    {"clamp(a, -3, b)", [](const Inputs& in) { return std::min(std::max(in.a, -3), in.b); }},
    {"mix(x, y, 0.25f)", [](const Inputs& in) { return in.x + (double{in.y} - in.x) * 0.25; },
     kFloat},
    {"saturate(x) + step(y, x) * 2",
     [](const Inputs& in) { return std::fmin(std::fmax(in.x, 0.0), 1.0) + (in.x < in.y ? 0 : 2); },
     kFloat},
    {"smoothstep(-2.0f, 2.0f, x)",
     [](const Inputs& in) {
       const double t = std::fmin(std::fmax((in.x + 2.0) / 4, 0.0), 1.0);
       return t * t * (3 - 2 * t);
     },
     kFloat},
    {"sign(x) + abs(a) + abs(x)",
     [](const Inputs& in) { return (in.x > 0) - (in.x < 0) + std::abs(in.a) + std::fabs(in.x); },
     kFloat},
    {"min(x, y) + max(a, b) * 2 + min(ushort(3), ushort(b))",
     [](const Inputs& in) {
       return std::min(in.x, in.y) + std::max(in.a, in.b) * 2 + std::min(3, in.b);
     },
     kFloat},
    {"min3(x, y, 0.5f) + max3(x, y, 0.5f) * 2 + median3(x, y, 0.5f) * 4",
     [](const Inputs& in) {
       const double lo = std::min({in.x, in.y, 0.5f}), hi = std::max({in.x, in.y, 0.5f});
       return lo + hi * 2 + (double{in.x} + in.y + 0.5 - lo - hi) * 4;
     },
     1e-6},
    {"max(float4(x), 0.5f).z + clamp(half3(x), 0.0h, 1.0h).y",
     [](const Inputs& in) {
       return std::fmax(in.x, 0.5) + half(std::fmin(std::fmax(in.x, 0.0), 1.0));
     },
     1e-6},
    {"select(x, y, a > 0) + select(float2(x), float2(y), bool2(true, false)).y",
     [](const Inputs& in) { return (in.a > 0 ? in.y : in.x) + in.x; }, kFloat},
    {"isnan(x / 0.0f * 0.0f) + isfinite(x) * 2 + isinf(1 / (x - x)) * 4 + signbit(-abs(x)) * 8 + "
     "isnormal(1e-40f) * 16",
     [](const Inputs&) { return 1 + 2 + 4 + 8; }},
    {"dot(float3(x, y, 1), float3(y, 2, 3))",
     [](const Inputs& in) { return double{in.x} * in.y + 2 * in.y + 3; }, 4e-6},
    {"length(float2(x, y)) + distance(float3(x), float3(y))",
     [](const Inputs& in) {
       return std::hypot(in.x, in.y) + std::sqrt(3.0) * std::fabs(double{in.x} - in.y);
     },
     kFloat},
    {"float3 n = normalize(float3(x, y, 2)); r = n.x + n.y * 2 + n.z * 4;",
     [](const Inputs& in) {
       return (in.x + 2.0 * in.y + 8) / std::sqrt(double{in.x} * in.x + double{in.y} * in.y + 4);
     },
     kFloat},
    {"float3 c = cross(float3(x, y, 1), float3(1, x, y)); r = c.x + c.y * 2 + c.z * 4;",
     [](const Inputs& in) {
       const double x = in.x, y = in.y;
       return (y * y - x) + 2 * (1 - x * y) + 4 * (x * x - y);
     },
     2e-6},
    {"reflect(float2(x, y), float2(0, 1)).y", [](const Inputs& in) { return -in.y; }, kFloat},
};

template <class T>
double wrap(double v) {
  return static_cast<double>(static_cast<T>(static_cast<int64_t>(v)));
}
const Expression kIntegers[] = {
    {"popcount(a) + popcount(uchar(a)) * 100",
     [](const Inputs& in) {
       return std::popcount(static_cast<uint32_t>(in.a)) +
              std::popcount(static_cast<uint8_t>(in.a)) * 100;
     }},
    {"clz(b) + clz(ushort(b)) * 100 + clz(0u) * 10000",
     [](const Inputs& in) {
       return std::countl_zero(static_cast<uint32_t>(in.b)) +
              std::countl_zero(static_cast<uint16_t>(in.b)) * 100 + 320000;
     }},
    {"ctz(b) + ctz(ulong(b) << 33) * 100",
     [](const Inputs& in) {
       const int c = std::countr_zero(static_cast<uint32_t>(in.b));
       return c + (c + 33) * 100;
     }},
    {"float(reverse_bits(uint(b)) >> 16)",
     [](const Inputs& in) {
       uint32_t v = 0;
       for (int i = 0; i < 32; ++i) v |= ((static_cast<uint32_t>(in.b) >> i) & 1) << (31 - i);
       return v >> 16;
     }},
    {"mulhi(a * 123456789, b * 98765432) + 0.0f",
     [](const Inputs& in) {
       const auto p = int64_t{static_cast<int32_t>(static_cast<uint32_t>(in.a) * 123456789u)} *
                      int64_t{static_cast<int32_t>(static_cast<uint32_t>(in.b) * 98765432u)};
       return static_cast<float>(p >> 32);
     }},
    {"float(mulhi(ulong(b) << 40, ulong(b + 3) << 30))",
     [](const Inputs& in) {
       const auto p = (static_cast<unsigned __int128>(in.b) << 40) *
                      (static_cast<unsigned __int128>(in.b + 3) << 30);
       return static_cast<float>(static_cast<uint64_t>(p >> 64));
     }},
    {"rotate(uint(a), 7u) >> 8",
     [](const Inputs& in) {
       return static_cast<float>(std::rotl(static_cast<uint32_t>(in.a), 7) >> 8);
     }},
    {"float(extract_bits(uint(a), 3, 5)) + float(extract_bits(a, 2, 4) * 100)",
     [](const Inputs& in) {
       return (static_cast<uint32_t>(in.a) >> 3 & 31) +
              100.0 * (static_cast<int32_t>(static_cast<uint32_t>(in.a) << 26) >> 28);
     }},
    {"insert_bits(uint(b), uint(a), 4, 6)",
     [](const Inputs& in) {
       return (static_cast<uint32_t>(in.b) & ~0x3f0u) | (static_cast<uint32_t>(in.a) & 63) << 4;
     }},
    {"addsat(uchar(200), uchar(b * 4)) + subsat(char(-100), char(b)) * 1000",
     [](const Inputs& in) {
       return std::min(255, 200 + in.b * 4) + std::max(-128, -100 - in.b) * 1000;
     }},
    {"absdiff(a, b) + hadd(uint(b), 7u) * 100 + rhadd(uint(b), 7u) * 10000",
     [](const Inputs& in) {
       return std::abs(in.a - in.b) + (in.b + 7) / 2 * 100 + (in.b + 8) / 2 * 10000;
     }},
    {"mad24(a, b, 9) + mul24(a, 3) * 2",
     [](const Inputs& in) { return in.a * in.b + 9 + in.a * 6; }},
    {"madsat(short(a * 300), short(b), short(5)) + 0",
     [](const Inputs& in) {
       return std::clamp(wrap<int16_t>(in.a * 300) * in.b + 5, -32768.0, 32767.0);
     }},
    {"float(madhi(uint(b) << 20, uint(b) << 20, 3u))",
     [](const Inputs& in) {
       return static_cast<double>(
                  (static_cast<uint64_t>(in.b) << 20) * (static_cast<uint64_t>(in.b) << 20) >> 32) +
              3;
     }},
    {"(a / b) * 100 + a % b", [](const Inputs& in) { return in.a / in.b * 100 + in.a % in.b; }},
    {"float(ushort(a)) + float(char(a * 5)) * 2",
     [](const Inputs& in) { return wrap<uint16_t>(in.a) + wrap<int8_t>(in.a * 5) * 2; }},
    {"pack_float_to_unorm4x8(float4(0, 1, saturate(x), 0.5f)) >> 8 & 0xffff",
     [](const Inputs& in) {
       return 255 + 256 * std::rint(255.0f * std::fmin(std::fmax(in.x, 0.0f), 1.0f));
     }},
    {"unpack_snorm2x16_to_float(pack_float_to_snorm2x16(float2(x / 4, y / 4))).x",
     [](const Inputs& in) { return std::rint(in.x / 4 * 32767.0f) / 32767.0; }, 1e-6},
};

}  // namespace

TEST_CASE("mathematical functions agree with C++ in double") {
  check_expressions(kFunctions, language::usual_inputs());
}
TEST_CASE("mathematical functions agree under fast math too") {
  std::vector<Expression> finite;
  for (const Expression& e : kFunctions)
    // Fast math reduces sin's argument only to 2^30, and subtracts as it likes.
    if (e.code.find("1e20f") == std::string::npos)
      finite.push_back(e), finite.back().tolerance += kFloat;
  check_expressions(finite, language::usual_inputs(), "", MTL::MathModeFast);
}
TEST_CASE("common, relational and geometric functions agree with their definitions") {
  check_expressions(kCommon, language::usual_inputs());
}
TEST_CASE("integer and packing functions agree with their definitions") {
  check_expressions(kIntegers, language::usual_inputs());
}
