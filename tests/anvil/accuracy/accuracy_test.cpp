// Every function of floats, in every format, math mode and variant, over all exponents (all
// numbers, where they have 16 bits), against double and the specification's tables of errors
// (chapter 8). ANVIL_ACCURACY_TABLE=1 prints the largest errors, which docs/readings.md keeps.
#include <doctest/doctest.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../language/program.hpp"
#include "functions.hpp"

namespace {

using accuracy::Format;
using accuracy::Function;

struct Inputs {
  std::vector<float> x, y;
  void add(float a, float b = 0) { x.push_back(a), y.push_back(b); }
};

class Random {
 public:
  uint32_t next() { return state_ = state_ * 1664525u + 1013904223u; }
  /// The high bits: a linear congruence's low ones are not random.
  uint32_t bits(int count) { return next() >> (32 - count); }
  double within(double low, double high) { return low + (high - low) * next() * 0x1p-32; }

 private:
  uint32_t state_ = 12345;
};

// Metal has no signalling NaNs (specification 8.1).
float quiet(float v) {
  return std::isnan(v) ? std::nanf("") : v;
}
float round_to(double v, const Format& f) {
  return static_cast<float>(accuracy::rounded(v, f));
}

const float kEdges[] = {0.0f, 1e-45f, 0x1.fffffcp-127f, 0x1p-126f, 0x1.000002p-126f, 0x1p-64f,
                        0x1p-25f, 0x1p-24f, 0x1p-14f, 0x1p-12f, 0x1p-11f, 0.25f, 0x1.fffffep-2f,
                        0.5f, 0x1.000002p-1f, 0x1.fffffep-1f, 1.0f, 0x1.000002p0f, 1.5f, 2.0f, 2.5f,
                        3.0f, 10.0f, 88.72283f, 88.72284f, 89.41599f, 103.97208f, 127.99999f,
                        128.0f, 149.0f, 150.0f, 65504.0f, 65520.0f, 0x1.fffffep22f, 0x1p23f,
                        0x1.000002p23f, 0x1p24f, 0x1p31f, 0x1p63f, 0x1p126f, 0x1.fep127f,
                        0x1.fffffep127f, std::numeric_limits<float>::infinity(), std::nanf(""),
                        // Closest floats to multiples of pi/2.
                        0x1.921fb6p0f, 0x1.921fb6p1f, 0x1.2d97c8p2f, 16367173.0f * 0x1p72f,
                        0x1.6ac5b2p102f, 5419351.0f, 0x1.4dca3ep4f};

// Every exponent and both signs; the edges; and the ranges in which exponentials are finite.
Inputs floats() {
  Inputs in;
  Random random;
  for (uint32_t top = 0; top < 512; ++top)
    for (uint32_t i = 0; i < 10; ++i) {
      const uint32_t fraction = i == 0 ? 0 : i == 1 ? 0x7fffff : random.bits(23);
      in.add(quiet(std::bit_cast<float>(top << 23 | fraction)));
    }
  for (const float v : kEdges) in.add(v), in.add(-v);
  for (const double limit : {3.0, 40.0, 90.0, 130.0, 151.0})
    for (int i = 0; i < 200; ++i) in.add(static_cast<float>(random.within(-limit, limit)));
  return in;
}
// All numbers of 16 bits. Half's and bfloat's are floats.
Inputs every(const Format& f) {
  Inputs in;
  for (uint32_t bits = 0; bits < 0x10000; ++bits)
    in.add(quiet(f.digits == 8
                     ? std::bit_cast<float>(bits << 16)
                     : static_cast<float>(std::bit_cast<_Float16>(static_cast<uint16_t>(bits)))));
  return in;
}
Inputs pairs(const Format& f) {
  Inputs in;
  Random random;
  const auto add = [&](double a, double b) { in.add(round_to(a, f), round_to(b, f)); };
  for (const float a : kEdges)
    for (const float b : kEdges) add(a, b), add(-a, b), add(a, -b), add(-a, -b);
  for (int i = 0; i < 3000; ++i) {
    const auto any = [&] {
      return std::ldexp(random.within(1, 2) * (random.bits(1) ? 1 : -1),
                        static_cast<int>(random.within(f.min_exponent - 8, f.max_exponent + 1)));
    };
    const double a = any();
    add(a, any());
    add(random.within(-8, 8), random.within(-8, 8));
    add(a, a * random.within(0.5, 2));
    // Powers over the whole range of results.
    add(std::fabs(a),
        random.within(f.min_exponent - f.digits, f.max_exponent + 1) / std::log2(std::fabs(a)));
  }
  return in;
}

struct Variant {
  const char* mode;
  MTL::MathMode math;
  const char* scope;  // of functions with a fast and a precise variant
  bool fast;
};
const Variant kFast{"fast", MTL::MathModeFast, "", true};
const Variant kPreciseInFast{"precise:: in fast", MTL::MathModeFast, "precise::", false};
const Variant kSafe{"safe", MTL::MathModeSafe, "", false};
const Variant kFastInSafe{"fast:: in safe", MTL::MathModeSafe, "fast::", true};

std::string source_of(std::span<const Function> functions, const Format& f,
                      const std::vector<Variant>& variants) {
  std::string text =
      "#include <metal_stdlib>\nusing namespace metal;\ntypedef " + std::string(f.name) +
      " T;\nkernel void probe(device const float* xs, device const float* ys, device float* out,\n"
      "                  constant uint& count, uint i [[thread_position_in_grid]]) {\n"
      "  const T x = T(xs[i]), y = T(ys[i]);\n";
  size_t k = 0;
  for (const Variant& variant : variants)
    for (const Function& function : functions) {
      std::string code = function.code;
      for (size_t at; (at = code.find("NS ")) != std::string::npos;)
        code.replace(at, 3, variant.scope);
      text += "  out[" + std::to_string(k++) + " * count + i] = float(" + code + ");\n";
    }
  return text + "}\n";
}

std::vector<float> run(const std::string& source, MTL::MathMode math, Inputs in, size_t results) {
  const auto count = static_cast<uint32_t>(in.x.size());
  std::vector<float> out(results * count, -12345.0f);
  language::Program(source, math)
      .run("probe", {count}, {256},
           {language::buffer(in.x), language::buffer(in.y), language::buffer(out),
            language::value(count)});
  return out;
}

struct Worst {
  double error = 0;
  float x = 0, y = 0, got = 0;
  double want = 0;
};

// Metal may flush subnormal numbers, as arguments and as results (specification 8.1), and Anvil
// does so outside of safe math.
double error_of(const Function& function, double x, double y, double got, const Format& f,
                bool flushes) {
  const auto against = [&](double a, double b) {
    const double want = function.want(a, b, f);
    if (flushes && got == 0 && accuracy::is_subnormal(accuracy::rounded(want, f), f)) return 0.0;
    return accuracy::error_in_ulp(got, want, f);
  };
  const auto zero = [&](double v) {
    return accuracy::is_subnormal(v, f) ? std::copysign(0.0, v) : v;
  };
  const double error = against(x, y);
  return flushes ? std::fmin(error, against(zero(x), zero(y))) : error;
}

Worst worst(const Function& function, const Inputs& in, const float* got, const Format& f,
            const Variant& variant) {
  Worst most;
  const bool safe = variant.math == MTL::MathModeSafe;
  for (size_t i = 0; i < in.x.size(); ++i) {
    const double x = in.x[i], y = in.y[i];
    if (function.defined && !function.defined(x, y)) continue;
    if (variant.fast && function.defined_fast && !function.defined_fast(x, y)) continue;
    double error = error_of(function, x, y, got[i], f, !safe || f.digits == 8);
    const double want = function.want(x, y, f);
    if (safe && !variant.fast && function.zero_has_sign && want == 0 &&
        std::signbit(want) != std::signbit(got[i]))
      error = accuracy::kInfinity;
    if (error > most.error) most = {error, in.x[i], in.y[i], got[i], want};
  }
  return most;
}

void check(std::span<const Function> functions, const Inputs& in, const Format& f,
           const std::vector<Variant>& variants) {
  static const bool table = std::getenv("ANVIL_ACCURACY_TABLE");
  const std::vector<float> out = run(source_of(functions, f, variants), variants[0].math, in,
                                     functions.size() * variants.size());
  const float* got = out.data();
  for (const Variant& variant : variants)
    for (const Function& function : functions) {
      const double bound = f.digits != 24 ? function.bounds.half
                           : variant.fast ? function.bounds.fast
                                          : function.bounds.precise;
      const Worst w = worst(function, in, got, f, variant);
      got += in.x.size();
      if (table)
        std::printf("| %s | %s | %s | %.3g | %.3g |\n", function.name, f.name, variant.mode,
                    w.error, bound);
      CHECK_MESSAGE(w.error <= bound, std::string(function.name)
                                          << " of " << std::string(f.name) << ", " << variant.mode
                                          << ": " << w.error << " ulp at x = " << w.x << ", y = "
                                          << w.y << ": " << w.got << ", not " << w.want);
    }
}

}  // namespace

TEST_CASE("functions of a float are as close as the specification asks, at every exponent") {
  const Inputs in = floats();
  check(accuracy::unary_functions(), in, accuracy::kFloat, {kFast, kPreciseInFast});
  check(accuracy::unary_functions(), in, accuracy::kFloat, {kSafe, kFastInSafe});
}
TEST_CASE("functions of two floats are as close as the specification asks") {
  const Inputs in = pairs(accuracy::kFloat);
  check(accuracy::binary_functions(), in, accuracy::kFloat, {kFast, kPreciseInFast});
  check(accuracy::binary_functions(), in, accuracy::kFloat, {kSafe, kFastInSafe});
}
TEST_CASE("functions of half and bfloat are as close as the specification asks, for every number") {
  for (const Format& f : {accuracy::kHalf, accuracy::kBfloat}) {
    check(accuracy::unary_functions(), every(f), f, {kFast});
    check(accuracy::unary_functions(), every(f), f, {kSafe});
    check(accuracy::binary_functions(), pairs(f), f, {kFast});
    check(accuracy::binary_functions(), pairs(f), f, {kSafe});
  }
}
