// What vectors and matrices are as types: trivial, usable in constant expressions, made of braces
// (MSL 2.2 to 2.4, 2.20).
#include "expressions.hpp"

using language::check_expressions;
using language::Expression;
using language::Inputs;

namespace {

double half(double v) {
  return static_cast<double>(static_cast<_Float16>(v));
}

// Compiling is the test.
const char* const kConstants = R"(
constant constexpr float4 kFour = {1, 2, 3, 4};
static_assert(kFour.y == 2 && kFour.w == 4 && kFour.g == 2 && kFour[3] == 4, "components");
static_assert(kFour.zw.x == 3 && kFour.wzyx.x == 4 && kFour.bgr.y == 2, "swizzles");
static_assert((kFour + kFour).x == 2 && (kFour * 2).yz.y == 6 && (-kFour).x == -1, "operators");
static_assert(all(kFour == float4(1, 2, 3, 4)) && any(kFour > 3) && !all(kFour > 3), "comparisons");
static_assert(float4(float2(1, 2), 3, 4).z == 3 && float4(7).w == 7, "constructors");
static_assert(int3(float3(1.9f, -1.9f, 3)).y == -1 && half2(float2(1.5f)).x == 1.5h, "conversions");
static_assert(bool3(1, 0, 2).z && !bool3(0).x && bfloat2(float2(1, 2)).y == 2.0bf, "other scalars");
static_assert(dot(float2(1, 2), float2(3, 4)) == 11, "dot");

constexpr float3 assigned() {
  float3 v(0);
  v.x = 1, v.yz = float2(2, 3), v[2] += 1, v.r *= 5;
  return v;
}
static_assert(assigned().x == 5 && assigned().y == 2 && assigned().z == 4, "assignments");

static_assert(as_type<uint>(1.5f) == 0x3fc00000u && as_type<float>(0x3fc00000) == 1.5f, "float");
static_assert(as_type<ushort>(1.0h) == 0x3c00 && as_type<half>(ushort(0xc000)) == -2.0h, "half");
static_assert(as_type<ushort>(2.0bf) == 0x4000 && as_type<bfloat>(short(0x3f80)) == 1.0bf, "bfloat");
static_assert(as_type<half2>(0x40003c00u).y == 2.0h, "half2");
static_assert(as_type<uchar4>(0x04030201u).z == 3 && as_type<uint>(uchar4(1, 2, 3, 4)) == 0x04030201u, "uchar4");
static_assert(as_type<float2>(as_type<ulong>(float2(1, 2))).y == 2, "there and back");
template <typename T, T v> struct Value { static constant constexpr T value = v; };
static_assert(Value<uint, as_type<uint>(-0.0f)>::value == 0x80000000u, "as an argument of a template");

constant constexpr float2x3 kMatrix = float2x3(float3(1, 2, 3), float3(4, 5, 6));
static_assert(kMatrix[1][2] == 6 && transpose(kMatrix)[2].y == 6 && (kMatrix * float2(1, 1)).x == 5, "matrices");
constant constexpr packed_float3 kPacked = {1, 2, 3};
static_assert(kPacked.y == 2 && kPacked.zy.x == 3 && float3(kPacked).z == 3 && kPacked[0] == 1, "packed");

template <typename T> constexpr bool trivial() {
  return is_trivially_copyable_v<T> && is_trivially_default_constructible_v<T> && is_trivial_v<T> &&
         is_standard_layout_v<T>;
}
struct Block { half4 scales; packed_float3 p; uint4 codes[2]; float3x3 m; bool2 b; };
union Bits { uint4 words; half h[8]; float2x2 m; packed_char4 c; struct { float2 lo, hi; }; };
static_assert(trivial<float4>() && trivial<half3>() && trivial<bfloat2>() && trivial<bool4>() && trivial<vec<long, 2>>(), "vectors");
static_assert(trivial<packed_half3>() && trivial<half4x4>() && trivial<Block>() && trivial<Bits>(), "what is made of them");
static_assert(is_same_v<vec<float, 4>, float4> && is_same_v<vec<bool, 2>, bool2> && is_same_v<decltype(float3(1).xy), float2>, "names");
static_assert(sizeof(float3) == 16 && alignof(float3) == 16 && sizeof(packed_float3) == 12 && alignof(packed_float3) == 4 &&
              sizeof(long4) == 32 && alignof(long4) == 32 && sizeof(half3) == 8 && sizeof(char3) == 4 && sizeof(bool3) == 4, "sizes");
template <typename T, int N> T sum_of(vec<T, N> v) { T s = v[0]; for (int i = 1; i < N; ++i) s += v[i]; return s; }
struct Pair { float4 first; float second; };
)";

const Expression kTypes[] = {
    {"uint4 v = {i, 1u, 2u}; r = v.x + v.y * 1000 + v.z * 10000 + v.w * 7;",
     [](const Inputs& in) { return in.i + 21000.0; }},
    // As clang's own vectors: in braces the first component, in parentheses and as = every one.
    {"float4 v = {x}; float4 w{y}; float4 u = y; r = v.x + v.y + v.z + v.w + w.x + w.w - u.w;",
     [](const Inputs& in) { return in.x; }, 1e-6},
    {"float3 v = {}; half2 h = {x, 2}; packed_float3 p = {x, y}; r = v.x + v.z + h.x + h.y + p.y + "
     "p.z;",
     [](const Inputs& in) { return half(in.x) + 2.0 + in.y; }, 1e-6},
    {"int4 v = {int(x), a}; float4 w = {float2(x, y), 1, 2}; r = v.x + v.y + v.z + w.x + w.w;",
     [](const Inputs& in) { return static_cast<int>(in.x) + in.a + in.x + 2.0; }, 1e-6},
    {"float4 t[3] = {{x, 1}, {y, 2, 3, 4}, 5}; r = t[0].x + t[0].z + t[1].w + t[2].w + t[2].x;",
     [](const Inputs& in) { return in.x + 4.0 + 10; }, 1e-6},
    {"Pair p = {{x, y}, 3}; Pair q = p; q.first.y += 1; r = p.first.y + q.first.y + q.second + "
     "q.first.z;",
     [](const Inputs& in) { return in.y + (in.y + 1.0) + 3; }, 1e-6},
    {"Bits u; u.words = uint4(as_type<uint>(half2(x, y)), 0, 0, 0x3c000000u); Bits v = u; r = "
     "v.h[0] + v.h[1] + "
     "v.h[7];",
     [](const Inputs& in) { return half(in.x) + half(in.y) + 1; }, 2e-3},
    {"Bits u; u.lo = float2(x, y); u.hi = float2(1, 2); Bits w[2] = {u, u}; r = w[a & 1].m[0][1] + "
     "w[1].m[1].y;",
     [](const Inputs& in) { return in.y + 2.0; }, 1e-6},
    {"Block m; m.scales = half4(1, 2, 3, 4); m.codes[1] = uint4(a, b, 1, 2); m.m = float3x3(x); "
     "m.p = float3(y); "
     "m.b = bool2(a > 0, true); Block n = m; m = Block(); "
     "r = n.scales.w + int(n.codes[1].y) + n.m[2][2] + n.p.y + n.b.x + m.m[1][1];",
     [](const Inputs& in) { return 4.0 + in.b + in.x + in.y + (in.a > 0); }, 1e-6},
    {"r = sum_of(float4(x, y, 1, 2)) + sum_of(int3(a, b, 1)) + sum_of(vec<half, 2>(1, 2));",
     [](const Inputs& in) { return in.x + in.y + 3.0 + in.a + in.b + 1 + 3; }, 1e-6},
    {"float2 v = a > 0 ? float2(x, y) : float2(y, x); v = v.x > 0 ? v : -v; r = v.x;",
     [](const Inputs& in) { return std::fabs(in.a > 0 ? in.x : in.y); }},
    {"float4 v(1, 2, 3, 4); v.rg = v.ba; v.a += x; v.b++; r = v.r * 1000 + v.g * 100 + v.b * 10 + "
     "v.a;",
     [](const Inputs& in) { return 3000 + 400 + 40 + (4.0 + in.x); }, 1e-6},
    {"volatile float2 v; v = float2(x, y); float2 w = v; const volatile int2 c = int2(a, b); int2 "
     "d = c; r = w.y + d.x;",
     [](const Inputs& in) { return in.y + in.a; }, 1e-6},
    {"float2 v(x, y); thread float2& w = v; thread float* p = (thread float*)&v; w.x = 1; p[1] = "
     "2; r = v.x + v.y + w[1];",
     [](const Inputs&) { return 5; }},
};

}  // namespace

TEST_CASE("vectors, matrices and their unions are trivial, and constant expressions") {
  check_expressions(kTypes, language::usual_inputs(), kConstants);
}
TEST_CASE("vectors of braces and unions of them, under fast math") {
  check_expressions(kTypes, language::usual_inputs(), kConstants, MTL::MathModeFast);
}
