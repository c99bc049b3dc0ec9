// Vector, packed and matrix types: constructors, swizzles, conversions, operators (MSL 2.2, 2.3).
#include "expressions.hpp"

using language::buffer;
using language::check_expressions;
using language::Expression;
using language::Inputs;
using language::Program;

namespace {

double half(double v) {
  return static_cast<double>(static_cast<_Float16>(v));
}

const Expression kVectors[] = {
    {"float4 v(x, y, 3, 4); r = v.x + v.y * 2 + v.z * 4 + v.w * 8;",
     [](const Inputs& in) { return in.x + in.y * 2 + 12 + 32; }, 1e-6},
    {"float4 v(float2(x, y), 5.0f, half(2)); r = v.r - v.g + v.b * v.a;",
     [](const Inputs& in) { return in.x - in.y + 10; }, 1e-6},
    {"float4 v = float4(x); v.yz = float2(1, 2); r = v.x + v.y + v.z - v.w;",
     [](const Inputs&) { return 3; }, 1e-6},
    {"float4 v(1, 2, 3, 4); v.wzyx = v; r = v.x * 1000 + v.y * 100 + v.z * 10 + v.w;",
     [](const Inputs&) { return 4321; }},
    {"float4 v(1, 2, 3, 4); v.xz += float2(10, 20); r = v.x * 1000 + v.z;",
     [](const Inputs&) { return 11023; }},
    {"float3 v = float4(1, 2, 3, 4).wyy; r = v.x * 100 + v.y * 10 + v.z;",
     [](const Inputs&) { return 422; }},
    {"float2 v = {x, y}; float2 w = v.yx; r = w.x - w.y;",
     [](const Inputs& in) { return in.y - in.x; }, 1e-6},
    {"float4 v(0); v[a & 3] = x; r = v[a & 3] + v[(a + 1) & 3];",
     [](const Inputs& in) { return in.x; }},
    {"int4 v(a, b, a + b, 7); v <<= 2; v %= 5; r = v.x + v.y + v.z + v.w;",
     [](const Inputs& in) { return in.a * 4 % 5 + in.b * 4 % 5 + (in.a + in.b) * 4 % 5 + 28 % 5; }},
    {"uint4 v = uint4(int4(a, b, -1, 3)); r = float(v.x & 255u) + float(v.z >> 24);",
     [](const Inputs& in) { return (in.a & 255) + 255; }},
    {"int2 v = int2(float2(x, y) * 10); r = v.x * 100 + v.y;",
     [](const Inputs& in) {
       return static_cast<int>(in.x * 10) * 100 + static_cast<int>(in.y * 10);
     }},
    {"half4 h = half4(float4(x, y, 1, 2)); r = h.x + h.y;",
     [](const Inputs& in) { return half(half(in.x) + half(in.y)); }},
    {"float2 f = float2(bfloat2(1.5, -2.25)); r = f.x + f.y;", [](const Inputs&) { return -0.75; }},
    {"bool4 c = float4(x) < float4(y, 0, 1, -1); r = c.x + c.y * 2 + c.z * 4 + c.w * 8;",
     [](const Inputs& in) {
       return (in.x < in.y) + (in.x < 0) * 2 + (in.x < 1) * 4 + (in.x < -1) * 8;
     }},
    {"bool2 c = int2(a, b) == int2(b, b) || !bool2(a > 0, false); r = c.x + c.y * 2;",
     [](const Inputs& in) { return (in.a == in.b || in.a <= 0) + 2; }},
    {"r = any(float3(x, y, 1) > 3) + all(float2(x, y) > -1) * 2;",
     [](const Inputs& in) { return (in.x > 3 || in.y > 3) + (in.x > -1 && in.y > -1) * 2; }},
    {"packed_float3 p(x, y, 2); float3 v = p * 2 + float3(1); p = v; r = p.x + p[1] + p.z;",
     [](const Inputs& in) { return 2.0 * in.x + 1 + 2.0 * in.y + 1 + 5; }, 1e-6},
    {"packed_char4 p = packed_char4(char4(1, -2, 3, -4)); r = p.x * 1000 + p.y * 100 + p.w;",
     [](const Inputs&) { return 1000 - 200 - 4; }},
    {"r = sizeof(float3) * 10000 + sizeof(packed_float3) * 100 + sizeof(half3);",
     [](const Inputs&) { return 16 * 10000 + 12 * 100 + 8; }},
    {"r = alignof(float4) + alignof(packed_float4) * 100 + alignof(long4) * 10000 + sizeof(bool4);",
     [](const Inputs&) { return 16 + 400 + 320000 + 4; }},
    {"r = float(as_type<uint>(half2(1.0h, -2.0h)) >> 16) + as_type<float>(0x40490fdbu);",
     [](const Inputs&) { return 0xc000 + 3.14159274; }, 1e-6},
    {"r = as_type<uchar4>(0x04030201u).z * 10 + as_type<short2>(0xfffe0005u).y;",
     [](const Inputs&) { return 28; }},
    {"float4 v(x); v++; ++v; v -= 1; r = (-v).z + (+v).w;", [](const Inputs&) { return 0; }},
    {"vec<float, 2> v = 2 * float2(x, y) / 4 - 1; r = v.x + v.y;",
     [](const Inputs& in) { return in.x / 2 + in.y / 2 - 2; }, 1e-6},
    {"ushort3 v = ushort3(65535, 1, 2); v += 1; r = v.x + v.y * 10 + v.z * 100;",
     [](const Inputs&) { return 0 + 20 + 300; }},
};

const Expression kMatrices[] = {
    {"float2x2 m(x, 2, 3, y); float2 v = m * float2(1, 2); r = v.x * 2 + v.y;",
     [](const Inputs& in) { return (in.x + 6) * 2.0 + 2 + 2.0 * in.y; }, 1e-6},
    {"float2x2 m(x, 2, 3, y); float2 v = float2(1, 2) * m; r = v.x * 2 + v.y;",
     [](const Inputs& in) { return (in.x + 4) * 2.0 + 3 + 2.0 * in.y; }, 1e-6},
    {"float4x4 m(2); m[1][2] = x; r = determinant(m) + m[1].z + transpose(m)[2].y;",
     [](const Inputs& in) { return 16 + 2.0 * in.x; }, 1e-6},
    {"float3x3 m(float3(1, 2, 3), float3(x, 1, 0), float3(0, 4, y)); r = determinant(m);",
     [](const Inputs& in) { return 1.0 * (in.y - 0) - in.x * (2.0 * in.y - 12) + 0; }, 1e-5},
    {"half4x4 h = half4x4(float4x4(1.5f)); float4x4 m = float4x4(h) * 2 + float4x4(1); r = "
     "m[3][3];",
     [](const Inputs&) { return 4; }},
    {"float2x3 p(1, 2, 3, 4, 5, 6); float3x2 q = transpose(p); float3x3 m = p * q; r = m[2][0];",
     [](const Inputs&) { return 1 * 3 + 4 * 6; }},
    {"half2x4 h(half4(1), half4(2)); h *= 2.0h; r = h[1].w - h[0][1];",
     [](const Inputs&) { return 2; }},
};

}  // namespace

TEST_CASE("vectors construct, swizzle, convert and compute by component") {
  check_expressions(kVectors, language::usual_inputs());
}
TEST_CASE("matrices are stored by columns and multiply as linear algebra says") {
  check_expressions(kMatrices, language::usual_inputs(64));
}

// In fast math sums of whole products of vectors may be formed by elements first; parts of them,
// and what comes twice, are terms of their own.
TEST_CASE("sums of dot products and of parts of them") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void sums(device const float4* a [[buffer(0)]], device const float4* b [[buffer(1)]],
                 device const half4* h [[buffer(2)]], device float* out [[buffer(3)]],
                 uint i [[thread_position_in_grid]]) {
  const float4 p = a[i], q = b[i], r = a[i ^ 1], s = b[i ^ 1];
  float whole = out[i * 4];
  for (int k = 0; k < 3; ++k) whole += dot(p, q) + dot(s, r) + dot(float4(h[i]), q);
  out[i * 4] = whole;
  out[i * 4 + 1] = p.x * q.x + p.y * q.y + p.z * q.z + r.x * s.y;
  out[i * 4 + 2] = dot(p, q) + p.x * q.x + p.w;
  out[i * 4 + 3] = dot(p.xy, q.zw) + q.x * p.x + float(h[i].y) * p.y - dot(float4(h[i]), p);
}
)");
  constexpr uint32_t kThreads = 70;
  std::vector<float> a(kThreads * 4), b(a.size()), out(a.size(), 1.0f);
  std::vector<_Float16> h(a.size());
  for (size_t k = 0; k < a.size(); ++k) {
    a[k] = static_cast<float>(k * 7 % 23) / 8.0f - 1.25f;
    b[k] = static_cast<float>(k * 11 % 29) / 4.0f - 3.0f;
    h[k] = static_cast<_Float16>(static_cast<float>(k * 5 % 19) / 2.0f - 4.0f);
  }
  program.run("sums", {kThreads}, {kThreads}, {buffer(a), buffer(b), buffer(h), buffer(out)});
  const auto dot = [](const auto* x, const auto* y, int from, int to) {
    double sum = 0;
    for (int k = from; k < to; ++k) sum += double(x[k]) * double(y[k]);
    return sum;
  };
  for (uint32_t i = 0; i < kThreads; ++i) {
    // The neighbour of the last two threads is there: their number is even.
    const float *p = &a[i * 4], *q = &b[i * 4], *r = &a[(i ^ 1) * 4], *s = &b[(i ^ 1) * 4];
    const _Float16* half = &h[i * 4];
    const double expected[4] = {
        1 + 3 * (dot(p, q, 0, 4) + dot(r, s, 0, 4) + dot(half, q, 0, 4)),
        dot(p, q, 0, 3) + double(r[0]) * double(s[1]),
        dot(p, q, 0, 4) + double(p[0]) * double(q[0]) + double(p[3]),
        double(p[0]) * double(q[2]) + double(p[1]) * double(q[3]) + double(q[0]) * double(p[0]) +
            double(half[1]) * double(p[1]) - dot(half, p, 0, 4),
    };
    // All terms are small multiples of 2^-6: every order of the sums is exact.
    for (int k = 0; k < 4; ++k) CHECK(double(out[i * 4 + k]) == expected[k]);
  }
}

// More products than one chain of sums takes, from zero and from an earlier iteration's sum.
TEST_CASE("long sums of products") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void sums(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                 device float* out [[buffer(2)]], constant uint& rounds [[buffer(3)]],
                 uint i [[thread_position_in_grid]]) {
  float sum = out[i];
  for (uint r = 0; r < rounds; ++r) {
    float part = 0;
    for (uint k = 0; k < 21; ++k) part += a[i * 21 + k] * b[(i + r) * 21 + k];
    sum += part + a[i] * b[r];
  }
  out[i] = sum;
}
)");
  constexpr uint32_t kThreads = 64, kTerms = 21, kRounds = 3;
  std::vector<float> a(kThreads * kTerms), b((kThreads + kRounds) * kTerms), out(kThreads);
  for (size_t i = 0; i < a.size(); ++i) a[i] = float(int(i * 37 % 61) - 30) / 8;
  for (size_t i = 0; i < b.size(); ++i) b[i] = float(int(i * 29 % 47) - 20) / 4;
  for (uint32_t i = 0; i < kThreads; ++i) out[i] = float(i);
  std::vector<float> expected = out;
  // All terms are small multiples of 2^-5: every order of the sums is exact.
  for (uint32_t i = 0; i < kThreads; ++i)
    for (uint32_t r = 0; r < kRounds; ++r) {
      for (uint32_t k = 0; k < kTerms; ++k)
        expected[i] += a[i * kTerms + k] * b[(i + r) * kTerms + k];
      expected[i] += a[i] * b[r];
    }
  program.run("sums", {kThreads}, {32},
              {buffer(a), buffer(b), buffer(out), language::value(kRounds)});
  CHECK(out == expected);
}
