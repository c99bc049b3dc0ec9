#include "foundry/ops/rope.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/kv_cache.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr DType kFactorType = DType::f32;

constexpr StageType rope_stage(bool interleaved) {
  return {.kind = StageKind::head_turn,
          .name = "Rope",
          .file = "stages/rope.metal",
          .argument = "factors",
          .tensor = StageTensor::pairs,
          .has_scalar = true,
          .is_optional = true,
          .is_interleaved = interleaved};
}
constexpr StageType kInterleavedRope = rope_stage(true);
constexpr StageType kNeoxRope = rope_stage(false);

ArgumentDescription factors_argument(bool has_factors) {
  return ArgumentDescription::optional_buffer("factors", Access::read, kFactorType, has_factors);
}

float checked_log2_base(std::string_view op, const RopeSettings& settings, std::uint32_t head_dim) {
  if (!(settings.base > 0.0f)) {
    throw ArgumentError(concat(op, ": base is ", settings.base, ", not above 0"));
  }
  if (head_dim % 2 != 0) {
    throw ShapeError(concat(op, ": heads of ", head_dim, " elements do not pair"));
  }
  if (settings.factors) require_count(op, "factors", settings.factors, head_dim / 2);
  return std::log2(settings.base);
}

struct RopeRecipe {
  DType x;
  DType y;
  bool has_factors;

  KernelDescription describe() const {
    auto kernel = kernel_file("rope");
    kernel.arguments = {ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("y", Access::write, y),
                        factors_argument(has_factors),
                        ArgumentDescription::value("params", struct_layout<RopeParams>())};
    allow_in_place<Rope>(kernel);
    kernel.aliases = {{"Y", msl_type(y)}};
    return kernel;
  }
};

struct RopeKvWriteRecipe {
  DType x;
  DType cache;
  bool has_factors;

  KernelDescription describe() const {
    auto kernel = kernel_file("rope_kv_write");
    kernel.arguments = {ArgumentDescription::buffer("q", Access::read_write, x),
                        ArgumentDescription::buffer("k", Access::read, x),
                        ArgumentDescription::buffer("v", Access::read, x),
                        ArgumentDescription::buffer("k_cache", Access::write_some, cache),
                        ArgumentDescription::buffer("v_cache", Access::write_some, cache),
                        factors_argument(has_factors),
                        ArgumentDescription::value("params", struct_layout<RopeKvWriteParams>())};
    kernel.arguments[3].strided = kernel.arguments[4].strided = true;
    kernel.aliases = {{"X", msl_type(x)}, {"Cache", msl_type(cache)}};
    return kernel;
  }
};

}  // namespace

void Rope::encode(Encoder& encoder) const {
  require_operands(*this);
  if (x.rank() != 3) {
    throw ShapeError(
        concat("Rope: x is ", to_string(x.extents()), ", not (tokens, heads, head_dim)"));
  }
  const std::uint32_t head_dim = in_32_bits("Rope", "the head size", x.extents()[2]);
  const auto [tokens, heads] = heads_shape("Rope", "x", x, head_dim);
  require_count("Rope", "y", y, x.count());
  const float log2_base = checked_log2_base("Rope", settings, head_dim);
  const RopeParams params{heads, head_dim, start.value(), settings.interleaved ? 1u : 0u,
                          log2_base};
  const auto kernel = encoder.kernel(RopeRecipe{
      .x = x.dtype(), .y = y.dtype(), .has_factors = static_cast<bool>(settings.factors)});
  const std::array uses{parameter_use(offsetof(RopeParams, start), start)};
  encoder.dispatch(*kernel, {x, y, settings.factors, Argument::value(params, uses)},
                   covering(head_dim / 2, heads, tokens));
}

void RopeKvWrite::encode(Encoder& encoder) const {
  const auto [k_shape, v_shape] = cache_pair("RopeKvWrite", k_cache, v_cache);
  const std::uint32_t head_dim = k_shape.head_dim;
  const auto [tokens, heads] = heads_shape("RopeKvWrite", "q", q, head_dim);
  const std::uint64_t elements = std::uint64_t{tokens} * k_shape.kv_heads * head_dim;
  require_count("RopeKvWrite", "k", k, elements);
  require_count("RopeKvWrite", "v", v, elements);
  require_capacity("RopeKvWrite", k_shape, start, tokens);
  const float log2_base = checked_log2_base("RopeKvWrite", settings, head_dim);
  const RopeKvWriteParams params{heads,
                                 k_shape.kv_heads,
                                 head_dim,
                                 start.value(),
                                 settings.interleaved ? 1u : 0u,
                                 log2_base,
                                 k_shape.position_stride,
                                 k_shape.head_stride,
                                 v_shape.position_stride,
                                 v_shape.head_stride};
  const auto kernel =
      encoder.kernel(RopeKvWriteRecipe{.x = q.dtype(),
                                       .cache = k_cache.dtype(),
                                       .has_factors = static_cast<bool>(settings.factors)});
  const std::array uses{position_use(offsetof(RopeKvWriteParams, start), start, k_cache, tokens),
                        position_use(offsetof(RopeKvWriteParams, start), start, v_cache, tokens)};
  encoder.dispatch(*kernel,
                   {q, k, v, k_cache, v_cache, settings.factors, Argument::value(params, uses)},
                   covering(head_dim / 2, heads + 2 * k_shape.kv_heads, tokens));
}

Traffic Rope::traffic() const {
  return traffic_of(*this);
}

Rope::operator Stage() const {
  if (!(settings.base > 0.0f)) {
    throw ArgumentError(concat("Rope: base is ", settings.base, ", not above 0"));
  }
  return {.type = settings.interleaved ? &kInterleavedRope : &kNeoxRope,
          .tensor = settings.factors,
          .scalar = std::log2(settings.base)};
}

Traffic RopeKvWrite::traffic() const {
  const Traffic read = traffic_of({&q, &k, &v, &settings.factors}, {&q});
  const std::uint64_t cached = (k.count() + v.count()) * info(k_cache.dtype()).block_bytes;
  return read + Traffic{0, cached};
}

}  // namespace foundry::ops
