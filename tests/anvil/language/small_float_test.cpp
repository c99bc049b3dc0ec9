// half and bfloat, in every spelling of a cast between them (MSL 2.1, 2.18).
#include <bit>

#include "expressions.hpp"

using language::check_expressions;
using language::Expression;
using language::Inputs;

namespace {

double half(double v) {
  return static_cast<double>(static_cast<_Float16>(v));
}
// To nearest, ties to even.
double bfloat(double v) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(v));
  return static_cast<double>(
      std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u));
}

const char* const kTypes = R"(
typedef half T16;
using B16 = bfloat;
template <typename To, typename From> To c_style(From v) { return (To)v; }
template <typename To, typename From> To functional(From v) { return To(v); }
template <typename To, typename From> To named(From v) { return static_cast<To>(v); }
template <typename To, typename From> To sums(From v, From w) { return (To)v + To(v - w) * static_cast<To>(w); }
template <typename T> struct Accumulator { typedef T type; T sum; template <typename U> void add(U v) { sum += (typename Accumulator<T>::type)v; } };
struct Holder { bfloat b; half h; };
constant constexpr half kFromBfloat = (half)1.5bf;
constant constexpr bfloat kFromHalf = bfloat(2.5h);
static_assert(float(kFromBfloat) == 1.5f && float(kFromHalf) == 2.5f, "constant expressions");
)";

const Expression kCasts[] = {
    {"bfloat b = bfloat(x); r = (half)b + half(b) + static_cast<half>(b);",
     [](const Inputs& in) { return half(2 * half(bfloat(in.x))) + half(bfloat(in.x)); }, 2e-3},
    {"half h = half(x); r = float((bfloat)h) + float(bfloat(h)) * 2 + "
     "float(static_cast<bfloat>(h)) * 4;",
     [](const Inputs& in) { return 7 * bfloat(half(in.x)); }, 1e-6},
    {"B16 b = B16(x); r = float((T16)b) + float(T16(b)) * 2 + float(static_cast<T16>(b)) * 4 + "
     "float((const T16)(b));",
     [](const Inputs& in) { return 8 * half(bfloat(in.x)); }, 1e-6},
    {"r = float(c_style<half>(bfloat(x))) + float(functional<bfloat>(half(y))) * 8 + "
     "float(named<half>(bfloat(y))) * 64;",
     [](const Inputs& in) {
       return half(bfloat(in.x)) + 8 * bfloat(half(in.y)) + 64 * half(bfloat(in.y));
     },
     1e-6},
    // The same templates with other arguments.
    {"r = c_style<int>(x) + functional<float>(half(y)) + c_style<float>(a) + named<uchar>(b) + "
     "c_style<float4>(x).w + float(functional<half2>(float2(y)).y) + (c_style<bool>(a) ? 1 : 0);",
     [](const Inputs& in) {
       return static_cast<int>(in.x) + half(in.y) + in.a + in.b + in.x + half(in.y) + (in.a != 0);
     },
     1e-5},
    {"r = float(sums<half>(bfloat(x), bfloat(1))) + sums<float>(half(2), half(1)) + sums<int>(a, "
     "b);",
     [](const Inputs& in) {
       const double d = bfloat(bfloat(in.x) - 1);
       return half(half(bfloat(in.x)) + d) + 3.0 + (in.a + (in.a - in.b) * in.b);
     },
     // One half and one bfloat rounding of sums below 8.
     8e-3},
    {"Accumulator<half> s = {1.0h}; s.add(bfloat(0.5f)); s.add(x); s.add(2); r = s.sum;",
     [](const Inputs& in) { return half(half(1.5 + half(in.x)) + 2); }, 1e-6},
    {"Holder v; v.b = (bfloat)half(x); v.h = (half)v.b; thread const bfloat* p = &v.b; r = "
     "float((half)*p) + "
     "float((bfloat)-v.h) + float((half)(v.b + v.b));",
     [](const Inputs& in) { return 2 * bfloat(half(in.x)); }, 1e-6},
    {"r = float((half)(bfloat)(half)y) + float(half(bfloat(half(y))));",
     [](const Inputs& in) { return 2 * half(bfloat(half(in.y))); }, 1e-6},
    {"half2 h = half2(bfloat2(x, y)); bfloat4 b = bfloat4(half4(h, h)); r = float(h.y) + "
     "float(b.z);",
     [](const Inputs& in) { return half(bfloat(in.y)) + bfloat(half(bfloat(in.x))); }, 1e-6},
    {"r = float((bfloat)a) + float(static_cast<bfloat>(uint(b))) + float((half)a) + "
     "float(bfloat(long(a))) + "
     "int((bfloat)x) + uint((half)fabs(y));",
     [](const Inputs& in) {
       return 3.0 * in.a + in.b + static_cast<int>(bfloat(in.x)) +
              static_cast<int>(half(std::fabs(in.y)));
     }},
    // A result that was a double on the way is rounded to float, then to half: no processor without
    // AVX512-FP16 does it at once.
    {"half h = half(x); r = float(ldexp(h, 3)) + float(pow(fabs(h), half(2)));",
     [](const Inputs& in) {
       const double h = half(in.x);
       return half(8 * h) + half(h * h);
     },
     2e-3},
    {"r = float(kFromBfloat) + float(kFromHalf) + float((half)0.25bf);",
     [](const Inputs&) { return 4.25; }},
};

}  // namespace

TEST_CASE("half and bfloat convert to each other in every spelling of a cast") {
  check_expressions(kCasts, language::usual_inputs(), kTypes);
}
TEST_CASE("errors beside casts between half and bfloat are told once, at their lines") {
  const std::string log = language::compile_error(R"(#include <metal_stdlib>
using namespace metal;
#warning "first"
half f(bfloat b) { return (half)b; }
kernel void k(device half* out, device const bfloat* in) { out[0] = f(in[0]) + half(in[1]); undeclared(); }
half g(bfloat b) { return half(b) + nothing; }
)");
  const auto count = [&](const std::string& text) {
    int n = 0;
    for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  CHECK(count("error:") == 2);
  CHECK(count("program_source:5:93: error: use of undeclared identifier 'undeclared'") == 1);
  CHECK(count("program_source:6:37: error: use of undeclared identifier 'nothing'") == 1);
  CHECK_MESSAGE(count("cast") == 0, log);
}
TEST_CASE("half and bfloat do not convert to each other by themselves") {
  const std::string log = language::compile_error(
      "#include <metal_stdlib>\nkernel void k(device half* out, device const bfloat* in) { out[0] "
      "= "
      "in[0]; }");
  CHECK_MESSAGE(log.find("assigning to 'half'") != std::string::npos, log);
}
