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

/// Without a magnitude it is 1.
constexpr StageType rope_stage(bool interleaved, bool has_magnitude) {
  return {.kind = StageKind::head_turn,
          .name = "Rope",
          .file = "stages/rope.metal",
          .tensors = {StageOperand{"factors", StageTensor::pairs, true}},
          .scalars = static_cast<std::uint8_t>(has_magnitude ? 2 : 1),
          .is_interleaved = interleaved};
}
constexpr std::array kNeoxRope = {rope_stage(false, false), rope_stage(false, true)};
constexpr std::array kInterleavedRope = {rope_stage(true, false), rope_stage(true, true)};

ArgumentDescription factors_argument(bool has_factors) {
  return ArgumentDescription::optional_buffer("factors", Access::read, kFactorType, has_factors);
}

void check_numbers(std::string_view op, const RopeSettings& settings) {
  if (!(settings.base > 0.0f)) {
    throw ArgumentError(concat(op, ": base is ", settings.base, ", not above 0"));
  }
  if (!std::isfinite(settings.magnitude)) {
    throw ArgumentError(concat(op, ": magnitude is ", settings.magnitude, ", not finite"));
  }
}

/// How many elements of a head are turned.
std::uint32_t checked_dims(std::string_view op, const RopeSettings& settings,
                           std::uint32_t head_dim) {
  check_numbers(op, settings);
  if (head_dim % 2 != 0) {
    throw ShapeError(concat(op, ": heads of ", head_dim, " elements do not pair"));
  }
  if (settings.dims % 2 != 0 || settings.dims > head_dim) {
    throw ShapeError(concat(op, ": dims is ", settings.dims, "; even numbers up to the head's ",
                            head_dim, " are possible"));
  }
  const std::uint32_t dims = settings.dims != 0 ? settings.dims : head_dim;
  if (settings.factors) require_count(op, "factors", settings.factors, dims / 2);
  return dims;
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
  const std::uint32_t dims = checked_dims("Rope", settings, head_dim);
  const RopeParams params{heads,
                          head_dim,
                          dims,
                          start.value(),
                          settings.interleaved ? 1u : 0u,
                          std::log2(settings.base),
                          settings.magnitude};
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
  const std::uint32_t dims = checked_dims("RopeKvWrite", settings, head_dim);
  const RopeKvWriteParams params{heads,
                                 k_shape.kv_heads,
                                 head_dim,
                                 dims,
                                 start.value(),
                                 settings.interleaved ? 1u : 0u,
                                 std::log2(settings.base),
                                 settings.magnitude,
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
  check_numbers("Rope", settings);
  const auto& types = settings.interleaved ? kInterleavedRope : kNeoxRope;
  return {.type = &types.at(settings.magnitude != 1.0f ? 1 : 0),
          .tensors = {settings.factors},
          .scalars = {std::log2(settings.base), settings.magnitude},
          .dims = settings.dims};
}

Traffic RopeKvWrite::traffic() const {
  const Traffic read = traffic_of({&q, &k, &v, &settings.factors}, {&q});
  const std::uint64_t cached = (k.count() + v.count()) * info(k_cache.dtype()).block_bytes;
  return read + Traffic{0, cached};
}

}  // namespace foundry::ops
