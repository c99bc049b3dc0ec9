// Every function of Metal's that AIR calls, in both kinds of arithmetic and as numbers and vectors,
// against the C++ library's in double; atomics of every kind; operations across lanes.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "air.hpp"
#include "compiler.hpp"

using compiler_test::AirText;
using compiler_test::bitcode;
using compiler_test::buffer;
using compiler_test::input;
using compiler_test::Output;
using compiler_test::Session;

namespace {

struct Function {
  const char* name;
  unsigned arguments;
  double (*reference)(double, double, double);
};
constexpr double kPi = 3.14159265358979323846;

// Of x in (0.1, 0.9), 1 + x and 2 - x.
const Function kFunctions[] = {
    {"acos", 1, [](double x, double, double) { return std::acos(x); }},
    {"asin", 1, [](double x, double, double) { return std::asin(x); }},
    {"asinh", 1, [](double x, double, double) { return std::asinh(x); }},
    {"atan", 1, [](double x, double, double) { return std::atan(x); }},
    {"atan2", 2, [](double x, double y, double) { return std::atan2(x, y); }},
    {"atanh", 1, [](double x, double, double) { return std::atanh(x); }},
    {"ceil", 1, [](double x, double, double) { return std::ceil(x); }},
    {"copysign", 2, [](double x, double y, double) { return std::copysign(x, y); }},
    {"cos", 1, [](double x, double, double) { return std::cos(x); }},
    {"cosh", 1, [](double x, double, double) { return std::cosh(x); }},
    {"cospi", 1, [](double x, double, double) { return std::cos(kPi * x); }},
    {"divide", 2, [](double x, double y, double) { return x / y; }},
    {"exp", 1, [](double x, double, double) { return std::exp(x); }},
    {"exp10", 1, [](double x, double, double) { return std::pow(10, x); }},
    {"exp2", 1, [](double x, double, double) { return std::exp2(x); }},
    {"fabs", 1, [](double x, double, double) { return std::fabs(x); }},
    {"fdim", 2, [](double x, double y, double) { return std::fdim(x, y); }},
    {"floor", 1, [](double x, double, double) { return std::floor(x); }},
    {"fma", 3, [](double x, double y, double z) { return x * y + z; }},
    {"fmax", 2, [](double x, double y, double) { return std::fmax(x, y); }},
    {"fmin", 2, [](double x, double y, double) { return std::fmin(x, y); }},
    {"fmax3", 3, [](double x, double y, double z) { return std::max({x, y, z}); }},
    {"fmin3", 3, [](double x, double y, double z) { return std::min({x, y, z}); }},
    {"fmedian3", 3,
     [](double x, double y, double z) {
       return std::max(std::min(x, y), std::min(std::max(x, y), z));
     }},
    {"fmod", 2, [](double x, double y, double) { return std::fmod(x, y); }},
    {"fract", 1, [](double x, double, double) { return x - std::floor(x); }},
    {"log", 1, [](double x, double, double) { return std::log(x); }},
    {"log10", 1, [](double x, double, double) { return std::log10(x); }},
    {"log2", 1, [](double x, double, double) { return std::log2(x); }},
    {"pow", 2, [](double x, double y, double) { return std::pow(x, y); }},
    {"powr", 2, [](double x, double y, double) { return std::pow(x, y); }},
    {"rint", 1, [](double x, double, double) { return std::nearbyint(x); }},
    {"round", 1, [](double x, double, double) { return std::round(x); }},
    {"rsqrt", 1, [](double x, double, double) { return 1 / std::sqrt(x); }},
    {"sin", 1, [](double x, double, double) { return std::sin(x); }},
    {"sinh", 1, [](double x, double, double) { return std::sinh(x); }},
    {"sinpi", 1, [](double x, double, double) { return std::sin(kPi * x); }},
    {"sqrt", 1, [](double x, double, double) { return std::sqrt(x); }},
    {"tan", 1, [](double x, double, double) { return std::tan(x); }},
    {"tanh", 1, [](double x, double, double) { return std::tanh(x); }},
    {"tanpi", 1, [](double x, double, double) { return std::tan(kPi * x); }},
    {"trunc", 1, [](double x, double, double) { return std::trunc(x); }},
    {"mix", 3, [](double x, double y, double z) { return x + (y - x) * z; }},
    {"clamp", 3, [](double x, double y, double z) { return std::min(std::max(x, y), z); }},
    {"saturate", 1, [](double x, double, double) { return x; }},
    {"sign", 1, [](double, double, double) { return 1.0; }},
    {"step", 2, [](double x, double y, double) { return y < x ? 0.0 : 1.0; }},
};

/// Each result of `calls` (text that computes %r0, %r1, ... of `type`) for 32 threads; before them
/// stand %x, %y and %z.
std::vector<float> results(const std::string& declarations, const std::string& calls, size_t count,
                           const std::string& type, unsigned width) {
  const std::string element = type.find("half") != std::string::npos ? "half" : "float";
  std::string body = declarations +
                     "define void @f(ptr addrspace(1) %in, ptr addrspace(1) %out, i32 %i) {\n"
                     "  %j = zext i32 %i to i64\n"
                     "  %p = getelementptr inbounds float, ptr addrspace(1) %in, i64 %j\n"
                     "  %s32 = load float, ptr addrspace(1) %p\n";
  std::string value = "%s32";
  if (element == "half") {
    body += "  %s16 = fptrunc float %s32 to half\n";
    value = "%s16";
  }
  body += "  %s1 = fadd " + element + " " + value + ", 1.0\n  %s2 = fsub " + element + " 2.0, " +
          value + "\n";
  const std::string from[] = {value, "%s1", "%s2"};
  for (int k = 0; k < 3; ++k) {
    const std::string name = std::string("%") + "xyz"[k];
    if (width == 1) {
      body += "  " + name + " = fadd " + element + " " + from[k] + ", -0.0\n";
      continue;
    }
    std::string vector = "undef";
    for (unsigned lane = 0; lane < width; ++lane) {
      const std::string next = lane + 1 == width ? name : name + std::to_string(lane);
      body += "  " + next + " = insertelement " + type + " " + vector + ", " + element + " " +
              from[k] + ", i64 " + std::to_string(lane) + "\n";
      vector = next;
    }
  }
  body += calls;
  for (size_t k = 0; k < count; ++k) {
    const std::string number = std::to_string(k);
    std::string result = "%r" + number;
    if (width > 1) {
      body += "  %e" + number + " = extractelement " + type + " " + result + ", i64 1\n";
      result = "%e" + number;
    }
    if (element == "half") {
      body += "  %w" + number + " = fpext half " + result + " to float\n";
      result = "%w" + number;
    }
    body += "  %o" + number + " = add i64 %j, " + std::to_string(32 * k) + "\n  %q" + number +
            " = getelementptr inbounds float, ptr addrspace(1) %out, i64 %o" + number +
            "\n  store float " + result + ", ptr addrspace(1) %q" + number + "\n";
  }
  body += "  ret void\n}\n";
  AirText text{body, buffer(0, 0, "float", 4) + ", " + buffer(1, 1, "float", 4) + ", " +
                         input(2, "thread_position_in_grid", "uint")};
  Session session;
  compiler_test::write(session.path("air"), bitcode(text));
  const Output library =
      compiler_test::run_compiler({"library", "--air", session.path("air"), "--name", "test",
                                   "--output", session.path("library")});
  REQUIRE_MESSAGE(library.exit_code == 0, library.errors);
  const Output kernel = session.kernel("f");
  REQUIRE_MESSAGE(kernel.exit_code == 0, kernel.errors);
  std::vector<float> in(32), out(32 * count);
  for (size_t i = 0; i < 32; ++i) in[i] = 0.125f + static_cast<float>(i) / 42;
  session.run({in.data(), out.data()}, {32, 1, 1}, {32, 1, 1});
  return out;
}

/// Of all functions, called PREFIX_NAME.SUFFIX.
void check_functions(const std::string& prefix, const std::string& type, const std::string& suffix,
                     unsigned width, double tolerance) {
  std::string declarations, calls;
  for (size_t k = 0; k < std::size(kFunctions); ++k) {
    const Function& function = kFunctions[k];
    const std::string name = "@air." + prefix + function.name + "." + suffix;
    std::string types, arguments;
    for (unsigned i = 0; i < function.arguments; ++i) {
      types += (i ? ", " : "") + type;
      arguments += (i ? ", " : "") + type + " %" + "xyz"[i];
    }
    declarations += "declare " + type + " " + name + "(" + types + ")\n";
    calls += "  %r" + std::to_string(k) + " = call " + type + " " + name + "(" + arguments + ")\n";
  }
  const auto out = results(declarations, calls, std::size(kFunctions), type, width);
  for (size_t k = 0; k < std::size(kFunctions); ++k) {
    CAPTURE(kFunctions[k].name);
    double worst = 0;
    for (size_t i = 0; i < 32; ++i) {
      float s = 0.125f + static_cast<float>(i) / 42;
      if (suffix.find("f16") != std::string::npos) s = static_cast<float>(static_cast<_Float16>(s));
      const double expected = kFunctions[k].reference(s, 1.0 + s, 2.0 - s);
      worst = std::max(worst, std::fabs(out[32 * k + i] - expected) / (1 + std::fabs(expected)));
    }
    CHECK(worst < tolerance);
  }
}

}  // namespace

// fast::... are good to some 2^-20 of their size (pow of 1.9 to a tanh's), halves to 2^-10; tanpi
// near its pole multiplies the rounding of its argument by some ten.
TEST_CASE("functions of numbers and vectors, in both kinds of arithmetic") {
  for (const std::string prefix : {"", "fast_"}) {
    CAPTURE(prefix);
    check_functions(prefix, "float", "f32", 1, 1e-5);
    check_functions(prefix, "half", "f16", 1, 2e-2);
    check_functions(prefix, "<2 x float>", "v2f32", 2, 1e-5);
    check_functions(prefix, "<3 x float>", "v3f32", 3, 1e-5);
    check_functions(prefix, "<4 x half>", "v4f16", 4, 2e-2);
  }
}

TEST_CASE("geometric functions") {
  const std::string v = "<3 x float>";
  const std::string declarations =
      "declare float @air.length.v3f32(<3 x float>)\n"
      "declare float @air.fast_length.v3f32(<3 x float>)\n"
      "declare float @air.distance.v3f32(<3 x float>, <3 x float>)\n"
      "declare <3 x float> @air.fast_normalize.v3f32(<3 x float>)\n"
      "declare <3 x float> @air.cross.v3f32(<3 x float>, <3 x float>)\n";
  const auto as_vector = [](int k, const std::string& scalar) {
    return "  %r" + std::to_string(k) + " = insertelement <3 x float> undef, float " + scalar +
           ", i64 1\n";
  };
  const auto out = results(
      declarations,
      "  %l = call float @air.length.v3f32(<3 x float> %x)\n" + as_vector(0, "%l") +
          "  %fl = call float @air.fast_length.v3f32(<3 x float> %x)\n" + as_vector(1, "%fl") +
          "  %d = call float @air.distance.v3f32(<3 x float> %x, <3 x float> %y)\n" +
          as_vector(2, "%d") +
          "  %r3 = call <3 x float> @air.fast_normalize.v3f32(<3 x float> %x)\n"
          "  %r4 = call <3 x float> @air.cross.v3f32(<3 x float> %x, <3 x float> %y)\n",
      5, v, 3);
  for (size_t i = 0; i < 32; ++i) {
    const double x = 0.125 + static_cast<double>(i) / 42;
    CHECK(out[i] == doctest::Approx(std::sqrt(3.0) * x).epsilon(1e-6));
    CHECK(out[32 + i] == doctest::Approx(std::sqrt(3.0) * x).epsilon(1e-6));
    CHECK(out[64 + i] == doctest::Approx(std::sqrt(3.0)).epsilon(1e-6));
    CHECK(out[96 + i] == doctest::Approx(1 / std::sqrt(3.0)).epsilon(1e-6));
    CHECK(std::fabs(out[128 + i]) < 1e-6);
  }
}

TEST_CASE("packing") {
  const auto out = results(
      "declare i32 @air.pack.unorm4x8.v4f32(<4 x float>)\n"
      "declare <4 x float> @air.unpack.unorm4x8.v4f32(i32)\n",
      "  %b = call i32 @air.pack.unorm4x8.v4f32(<4 x float> %x)\n"
      "  %r0 = call <4 x float> @air.unpack.unorm4x8.v4f32(i32 %b)\n",
      1, "<4 x float>", 4);
  for (size_t i = 0; i < 32; ++i) {
    const float x = 0.125f + static_cast<float>(i) / 42;
    CHECK(out[i] == doctest::Approx(std::nearbyint(x * 255) / 255));
  }
}

namespace {

using Lanes = std::array<uint32_t, 32>;

struct Across {
  const char* name;  // behind simd_ or quad_
  const char* arguments;
  uint32_t (*reference)(const Lanes& x, uint32_t lane, uint32_t width);  // of the lane's group
};

template <typename F>
uint32_t fold(const Lanes& x, uint32_t from, uint32_t to, uint32_t first, F f) {
  for (uint32_t i = from; i < to; ++i) first = f(first, x[i]);
  return first;
}
uint32_t begin_of(uint32_t lane, uint32_t width) {
  return lane / width * width;
}

#define ANVIL_WHOLE(first, op)                                          \
  [](const Lanes& x, uint32_t lane, uint32_t w) {                       \
    return fold(x, begin_of(lane, w), begin_of(lane, w) + w, first,     \
                [](uint32_t a, uint32_t b) -> uint32_t { return op; }); \
  }
#define ANVIL_PREFIX(last, first, op)                                   \
  [](const Lanes& x, uint32_t lane, uint32_t w) {                       \
    return fold(x, begin_of(lane, w), lane + last, first,               \
                [](uint32_t a, uint32_t b) -> uint32_t { return op; }); \
  }
#define ANVIL_FROM(place)                                          \
  [](const Lanes& x, [[maybe_unused]] uint32_t lane, uint32_t w) { \
    return x[begin_of(lane, w) + (place) % w];                     \
  }

const Across kAcross[] = {
    {"sum", "", ANVIL_WHOLE(0, a + b)},
    {"product", "", ANVIL_WHOLE(1, a* b)},
    {"min", "", ANVIL_WHOLE(~0u, std::min(a, b))},
    {"max", "", ANVIL_WHOLE(0, std::max(a, b))},
    {"and", "", ANVIL_WHOLE(~0u, a& b)},
    {"or", "", ANVIL_WHOLE(0, a | b)},
    {"xor", "", ANVIL_WHOLE(0, a ^ b)},
    {"prefix_inclusive_sum", "", ANVIL_PREFIX(1, 0, a + b)},
    {"prefix_exclusive_sum", "", ANVIL_PREFIX(0, 0, a + b)},
    {"prefix_inclusive_product", "", ANVIL_PREFIX(1, 1, a* b)},
    {"prefix_exclusive_product", "", ANVIL_PREFIX(0, 1, a* b)},
    {"broadcast", ", i16 2", ANVIL_FROM(2)},
    {"broadcast_first", "", ANVIL_FROM(0)},
    {"shuffle", ", i16 3", ANVIL_FROM(3)},
    {"shuffle_xor", ", i16 1", ANVIL_FROM(lane ^ 1)},
    {"shuffle_rotate_up", ", i16 1", ANVIL_FROM(lane % w + w - 1)},
    {"shuffle_rotate_down", ", i16 1", ANVIL_FROM(lane + 1)},
    {"shuffle_and_fill_up", ", i32 7, i16 1, i16 MODULO",
     [](const Lanes& x, uint32_t lane, uint32_t w) { return lane % w ? x[lane - 1] : 7; }},
    {"shuffle_and_fill_down", ", i32 7, i16 1, i16 MODULO",
     [](const Lanes& x, uint32_t lane, uint32_t w) { return (lane + 1) % w ? x[lane + 1] : 7; }},
};

/// `body` computes for %x of in[i] what it stores to %out; both are of 32-bit integers.
std::vector<uint32_t> run(const std::string& declarations, const std::string& body,
                          std::vector<uint32_t> in, std::vector<uint32_t> out) {
  const AirText text{declarations +
                         "define void @f(ptr addrspace(1) %in, ptr addrspace(1) %out, i32 %i) {\n"
                         "  %j = zext i32 %i to i64\n"
                         "  %p = getelementptr inbounds i32, ptr addrspace(1) %in, i64 %j\n"
                         "  %x = load i32, ptr addrspace(1) %p\n" +
                         body + "  ret void\n}\n",
                     buffer(0, 0, "uint", 4) + ", " + buffer(1, 1, "uint", 4) + ", " +
                         input(2, "thread_position_in_grid", "uint")};
  Session session;
  compiler_test::write(session.path("air"), bitcode(text));
  const Output library =
      compiler_test::run_compiler({"library", "--air", session.path("air"), "--name", "test",
                                   "--output", session.path("library")});
  REQUIRE_MESSAGE(library.exit_code == 0, library.errors);
  const Output kernel = session.kernel("f");
  REQUIRE_MESSAGE(kernel.exit_code == 0, kernel.errors);
  session.run({in.data(), out.data()}, {32, 1, 1}, {32, 1, 1});
  return out;
}

}  // namespace

TEST_CASE("operations across simdgroups and quadgroups") {
  Lanes x{};
  for (uint32_t i = 0; i < 32; ++i) x[i] = (i * 37 + 11) % 64 + 1;
  for (const uint32_t width : {32u, 4u}) {
    const std::string prefix = width == 4 ? "quad_" : "simd_";
    std::string declarations, body;
    for (size_t k = 0; k < std::size(kAcross); ++k) {
      std::string arguments = kAcross[k].arguments, types;
      if (const size_t at = arguments.find("MODULO"); at != std::string::npos)
        arguments.replace(at, 6, std::to_string(width));
      for (size_t at = 0; (at = arguments.find(", i", at)) != std::string::npos; ++at)
        types += arguments.substr(at, 5);
      const std::string name = "@air." + prefix + kAcross[k].name + ".u.i32",
                        number = std::to_string(k);
      declarations += "declare i32 " + name + "(i32" + types + ")\n";
      body += "  %r" + number + " = call i32 " + name + "(i32 %x" + arguments + ")\n  %o" + number +
              " = add i64 %j, " + std::to_string(32 * k) + "\n  %q" + number +
              " = getelementptr inbounds i32, ptr addrspace(1) %out, i64 %o" + number +
              "\n  store i32 %r" + number + ", ptr addrspace(1) %q" + number + "\n";
    }
    const auto out = run(declarations, body, {x.begin(), x.end()},
                         std::vector<uint32_t>(32 * std::size(kAcross)));
    for (size_t k = 0; k < std::size(kAcross); ++k) {
      CAPTURE(prefix + kAcross[k].name);
      for (uint32_t lane = 0; lane < 32; ++lane)
        CHECK(out[32 * k + lane] == kAcross[k].reference(x, lane, width));
    }
  }
}

TEST_CASE("atomics of every kind and order, in device and threadgroup memory") {
  struct Atomic {
    const char* name;
    uint32_t first, last;  // what was there, and what is after 32 threads' x, which are 1 to 32
  };
  const Atomic atomics[] = {{"add.u.i32", 5, 5 + 32 * 33 / 2},
                            {"sub.u.i32", 1000, 1000 - 32 * 33 / 2},
                            {"and.u.i32", ~0u, 0},
                            {"or.u.i32", 0, 63},
                            {"xor.u.i32", 0, 32},
                            {"min.u.i32", 100, 1},
                            {"max.u.i32", 7, 32},
                            {"min.s.i32", 100, 1},
                            {"max.s.i32", ~0u, 32}};
  for (const std::string order : {"0", "2", "3", "4", "5"}) {
    std::string declarations = "@shared = internal addrspace(3) global i32 undef, align 4\n", body;
    std::vector<uint32_t> memory;
    for (size_t k = 0; k < std::size(atomics); ++k) {
      const std::string name = std::string("@air.atomic.global.") + atomics[k].name;
      memory.push_back(atomics[k].first);
      declarations += "declare i32 " + name + "(ptr addrspace(1), i32, i32, i32, i1)\n";
      body += "  %q" + std::to_string(k) +
              " = getelementptr inbounds i32, ptr addrspace(1) %out, i64 " + std::to_string(k) +
              "\n  call i32 " + name + "(ptr addrspace(1) %q" + std::to_string(k) +
              ", i32 %x, i32 " + order + ", i32 2, i1 true)\n";
    }
    // One simdgroup's lanes take their turns: what all have added the last one to ask knows.
    declarations +=
        "declare void @air.atomic.local.store.i32(ptr addrspace(3), i32, i32, i32, i1)\n"
        "declare i32 @air.atomic.local.add.u.i32(ptr addrspace(3), i32, i32, i32, i1)\n"
        "declare i32 @air.atomic.local.load.i32(ptr addrspace(3), i32, i32, i1)\n";
    body +=
        "  call void @air.atomic.local.store.i32(ptr addrspace(3) @shared, i32 0, i32 0, i32 1, "
        "i1 true)\n"
        "  call i32 @air.atomic.local.add.u.i32(ptr addrspace(3) @shared, i32 %x, i32 " +
        order +
        ", i32 1, i1 true)\n"
        "  %all = call i32 @air.atomic.local.load.i32(ptr addrspace(3) @shared, i32 0, i32 1, i1 "
        "true)\n  %last = getelementptr inbounds i32, ptr addrspace(1) %out, i64 " +
        std::to_string(std::size(atomics)) + "\n  store i32 %all, ptr addrspace(1) %last\n";
    memory.push_back(0);
    std::vector<uint32_t> in(32);
    for (uint32_t i = 0; i < 32; ++i) in[i] = i + 1;
    const auto out = run(declarations, body, in, memory);
    CAPTURE(order);
    for (size_t k = 0; k < std::size(atomics); ++k) {
      CAPTURE(atomics[k].name);
      CHECK(out[k] == atomics[k].last);
    }
    CHECK(out.back() == 32 * 33 / 2);
  }
}
