// The library's names: all that the specification has, and none that programs have for their own
// (MSL 2.21, 6).
#include "expressions.hpp"

using language::check_expressions;
using language::Expression;
using language::Inputs;

namespace {

// The specification's index of what kernels can use, without ray tracing. Compiling is
// the test.
const char* const kIndex = R"(
#include <metal_stdlib>
#include <simd/simd.h>
namespace index {
using metal::abs; using metal::clamp; using metal::mix; using metal::saturate; using metal::sign;
using metal::smoothstep; using metal::step;
using metal::absdiff; using metal::addsat; using metal::clz; using metal::ctz; using metal::extract_bits;
using metal::hadd; using metal::insert_bits; using metal::mad24; using metal::madhi; using metal::madsat;
using metal::max; using metal::max3; using metal::median3; using metal::min; using metal::min3; using metal::mul24;
using metal::mulhi; using metal::popcount; using metal::reverse_bits; using metal::rhadd; using metal::rotate;
using metal::subsat;
using metal::all; using metal::any; using metal::isfinite; using metal::isinf; using metal::isnan;
using metal::isnormal; using metal::isordered; using metal::isunordered; using metal::select; using metal::signbit;
using metal::acos; using metal::acosh; using metal::asin; using metal::asinh; using metal::atan; using metal::atan2;
using metal::atanh; using metal::ceil; using metal::copysign; using metal::cos; using metal::cosh; using metal::cospi;
using metal::divide; using metal::exp; using metal::exp2; using metal::exp10; using metal::fabs; using metal::fdim;
using metal::floor; using metal::fma; using metal::fmax; using metal::fmax3; using metal::fmedian3; using metal::fmin;
using metal::fmin3; using metal::fmod; using metal::fract; using metal::frexp; using metal::ilogb; using metal::ldexp;
using metal::log; using metal::log2; using metal::log10; using metal::modf; using metal::nextafter; using metal::pow;
using metal::powr; using metal::rint; using metal::round; using metal::rsqrt; using metal::sin; using metal::sincos;
using metal::sinh; using metal::sinpi; using metal::sqrt; using metal::tan; using metal::tanh; using metal::tanpi;
using metal::trunc;
using metal::determinant; using metal::transpose;
using metal::simdgroup_matrix; using metal::simdgroup_float8x8; using metal::simdgroup_half8x8;
using metal::simdgroup_bfloat8x8; using metal::make_filled_simdgroup_matrix; using metal::simdgroup_load;
using metal::simdgroup_store; using metal::simdgroup_multiply; using metal::simdgroup_multiply_accumulate;
using metal::cross; using metal::distance; using metal::distance_squared; using metal::dot; using metal::faceforward;
using metal::length; using metal::length_squared; using metal::normalize; using metal::reflect; using metal::refract;
using metal::threadgroup_barrier; using metal::simdgroup_barrier; using metal::mem_flags;
using metal::simd_active_threads_mask; using metal::simd_all; using metal::simd_and; using metal::simd_any;
using metal::simd_ballot; using metal::simd_broadcast; using metal::simd_broadcast_first; using metal::simd_is_first;
using metal::simd_is_helper_thread; using metal::simd_max; using metal::simd_min; using metal::simd_or;
using metal::simd_prefix_exclusive_product; using metal::simd_prefix_exclusive_sum;
using metal::simd_prefix_inclusive_product; using metal::simd_prefix_inclusive_sum; using metal::simd_product;
using metal::simd_shuffle; using metal::simd_shuffle_and_fill_down; using metal::simd_shuffle_and_fill_up;
using metal::simd_shuffle_down; using metal::simd_shuffle_rotate_down; using metal::simd_shuffle_rotate_up;
using metal::simd_shuffle_up; using metal::simd_shuffle_xor; using metal::simd_sum; using metal::simd_vote;
using metal::simd_xor;
using metal::quad_active_threads_mask; using metal::quad_all; using metal::quad_and; using metal::quad_any;
using metal::quad_ballot; using metal::quad_broadcast; using metal::quad_broadcast_first; using metal::quad_is_first;
using metal::quad_is_helper_thread; using metal::quad_max; using metal::quad_min; using metal::quad_or;
using metal::quad_prefix_exclusive_product; using metal::quad_prefix_exclusive_sum;
using metal::quad_prefix_inclusive_product; using metal::quad_prefix_inclusive_sum; using metal::quad_product;
using metal::quad_shuffle; using metal::quad_shuffle_and_fill_down; using metal::quad_shuffle_and_fill_up;
using metal::quad_shuffle_down; using metal::quad_shuffle_rotate_down; using metal::quad_shuffle_rotate_up;
using metal::quad_shuffle_up; using metal::quad_shuffle_xor; using metal::quad_sum; using metal::quad_vote;
using metal::quad_xor;
using metal::texture1d; using metal::texture1d_array; using metal::texture2d; using metal::texture2d_array;
using metal::texture2d_ms; using metal::texture2d_ms_array; using metal::texture3d; using metal::texturecube;
using metal::texturecube_array; using metal::texture_buffer; using metal::depth2d; using metal::depth2d_array;
using metal::depth2d_ms; using metal::depth2d_ms_array; using metal::depthcube; using metal::depthcube_array;
using metal::access; using metal::sampler; using metal::coord; using metal::filter; using metal::min_filter;
using metal::mag_filter; using metal::mip_filter; using metal::address; using metal::s_address;
using metal::t_address; using metal::r_address; using metal::border_color; using metal::compare_func;
using metal::max_anisotropy; using metal::lod_clamp; using metal::bias; using metal::level;
using metal::min_lod_clamp; using metal::gradient2d; using metal::gradient3d; using metal::gradientcube;
using metal::component; using metal::is_null_texture;
using metal::atomic; using metal::atomic_int; using metal::atomic_uint; using metal::atomic_bool;
using metal::atomic_float; using metal::atomic_ulong; using metal::atomic_thread_fence; using metal::thread_scope;
using metal::memory_order_relaxed; using metal::atomic_store_explicit; using metal::atomic_load_explicit;
using metal::atomic_exchange_explicit; using metal::atomic_compare_exchange_weak_explicit;
using metal::atomic_fetch_add_explicit; using metal::atomic_fetch_and_explicit; using metal::atomic_fetch_max_explicit;
using metal::atomic_fetch_min_explicit; using metal::atomic_fetch_or_explicit; using metal::atomic_fetch_sub_explicit;
using metal::atomic_fetch_xor_explicit; using metal::atomic_max_explicit; using metal::atomic_min_explicit;
using metal::pack_float_to_snorm4x8; using metal::pack_float_to_unorm4x8; using metal::pack_float_to_snorm2x16;
using metal::pack_float_to_unorm2x16; using metal::pack_float_to_unorm10a2; using metal::pack_float_to_unorm565;
using metal::pack_half_to_snorm4x8; using metal::pack_half_to_unorm4x8; using metal::pack_half_to_unorm10a2;
using metal::unpack_snorm4x8_to_float; using metal::unpack_unorm4x8_to_float; using metal::unpack_unorm4x8_srgb_to_float;
using metal::unpack_snorm2x16_to_float; using metal::unpack_unorm2x16_to_float; using metal::unpack_unorm10a2_to_float;
using metal::unpack_unorm565_to_float; using metal::unpack_unorm4x8_to_half; using metal::unpack_snorm4x8_to_half;
using metal::vec; using metal::matrix; using metal::array; using metal::array_ref; using metal::uniform;
using metal::numeric_limits; using metal::tensor; using metal::dextents; using metal::dynamic_extent;
using metal::integral_constant; using metal::true_type; using metal::false_type; using metal::enable_if_t;
using metal::conditional_t; using metal::is_same_v; using metal::is_integral_v; using metal::is_floating_point_v;
using metal::is_arithmetic_v; using metal::is_signed_v; using metal::is_unsigned_v; using metal::is_pointer_v;
using metal::is_convertible_v; using metal::remove_reference_t; using metal::remove_cv_t; using metal::decay_t;
using metal::make_signed_t; using metal::make_unsigned_t; using metal::common_type_t; using metal::is_trivially_copyable_v;
}  // namespace index
namespace precise_index {
using metal::precise::exp; using metal::precise::pow; using metal::precise::clamp; using metal::precise::saturate;
using metal::precise::normalize; using metal::precise::sincos; using metal::fast::exp; using metal::fast::tanh;
using metal::fast::clamp; using metal::fast::normalize; using metal::fast::distance; using metal::fast::length;
}  // namespace precise_index
kernel void indirect(device MTLDispatchThreadgroupsIndirectArguments* args, device const uint& count,
                     device MTLDrawPrimitivesIndirectArguments& draw, device MTLDrawIndexedPrimitivesIndirectArguments& indexed,
                     device MTLDrawPatchIndirectArguments& patch, device MTLQuadTessellationFactorsHalf* quads,
                     device MTLTriangleTessellationFactorsHalf* triangles) {
  args[0] = {(count + 63) / 64, 1, 1};
  args[1].threadgroupsPerGrid[0] = 2;
  draw.vertexCount = indexed.indexCount = patch.patchCount = sizeof(args[0]) == 12 && sizeof(draw) == 16 && sizeof(indexed) == 20;
  quads[0].insideTessellationFactor[0] = triangles[0].insideTessellationFactor = sizeof(quads[0]) == 12 && sizeof(triangles[0]) == 8;
}
kernel void kinds(device float* a) { a[0] = simd_float4(1).x + vector_uint2(2).y + matrix_float4x4(3)[1][1]; }
)";

// Names that Apple's library has not, in the global namespace under `using namespace metal`.
const char* const kOwn = R"(
template <typename T> T&& forward(thread T& t) { return static_cast<T&&>(t); }
template <typename T> T move(T t) { return t; }
template <typename T> void swap(thread T& p, thread T& q) { T t = p; p = q; q = t; }
template <typename T> struct type_identity { typedef T type; };
template <typename T> struct remove_cvref { typedef T type; };
template <typename...> using void_t = void;
template <typename T> struct is_vector { static constant constexpr bool value = false; };
template <typename T, int N> struct is_vector<vec<T, N>> { static constant constexpr bool value = true; };
template <typename A, typename B> struct pair { A first; B second; };
struct braced { float lanes; }; struct members { float component; }; struct element { float native; };
struct Complex { float re, im; };
Complex operator*(Complex p, Complex q) { return {p.re * q.re - p.im * q.im, p.re * q.im + p.im * q.re}; }
float pick(float p) { return p + 1; } uint bits_of(uint v) { return v & 1; } float map(float v) { return 2 * v; }
float lerp(float p, float q, float t) { return p + (q - p) * t; }
float remainder(float p) { return p; } float reduce(float p) { return p; } float shuffle(float p) { return -p; }
float cbrt(float v) { return v; } float erf(float v) { return v; } float log1p(float v) { return v; } float expm1(float v) { return v; }
float hypot(float p, float q) { return sqrt(p * p + q * q); } int lround(float v) { return int(rint(v)); }
// Of names that it has: other types, and templates that are less special.
float dot(Complex p, Complex q) { return p.re * q.re + p.im * q.im; }
Complex abs(Complex p) { return {fabs(p.re), fabs(p.im)}; }
template <typename T> T max3(T p, T q) { return max(p, q); }
typedef unsigned int uint; typedef half float16; typedef float4 Vec4;
)";

const Expression kUses[] = {
    {"float p = x, q = y; swap(p, q); r = p + move(q) * 2 + forward<float>(p);",
     [](const Inputs& in) { return 2.0 * in.y + 2.0 * in.x; }, 1e-6},
    {"pair<float, int> p = {x, a}; type_identity<float>::type q = p.first; r = q + "
     "is_vector<float2>::value + "
     "is_vector<float>::value;",
     [](const Inputs& in) { return in.x + 1.0; }, 1e-6},
    {"Complex c = Complex{x, y} * Complex{0, 1}; r = dot(c, {1, 1}) + abs(c).re + abs(x) + "
     "dot(float2(x, y), float2(1));",
     [](const Inputs& in) {
       return -in.y + in.x + std::fabs(in.y) + std::fabs(in.x) + in.x + in.y;
     },
     1e-5},
    {"braced p = {x}; members q = {y}; element e = {1}; r = pick(p.lanes) + q.component + e.native "
     "+ map(x) + bits_of(uint(b));",
     [](const Inputs& in) { return in.x + 1.0 + in.y + 1 + 2.0 * in.x + (in.b & 1); }, 1e-5},
    {"r = lerp(x, y, 0.5f) + hypot(3, 4) + lround(x) + max3(a, b) + max3(a, b, 7) + remainder(x) + "
     "reduce(x) + shuffle(x) + cbrt(y) + erf(y);",
     [](const Inputs& in) {
       return (in.x + in.y) / 2 + 5 + std::nearbyint(in.x) + std::max(in.a, in.b) +
              std::max(std::max(in.a, in.b), 7) + in.x + 2.0 * in.y;
     },
     1e-5},
};

}  // namespace

TEST_CASE("the library has every function and type of the specification's index") {
  const std::string log = language::compile_error(kIndex);
  CHECK_MESSAGE(log == "(no error)", log);
}
TEST_CASE("the library's names do not collide with those of programs") {
  check_expressions(kUses, language::usual_inputs(64), kOwn);
}
