#include "foundry/ops/rope.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/kv_cache.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/rope_settings.hpp"

namespace foundry::ops {
namespace {

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

struct RopeRecipe {
  DType x;
  DType y;
  bool has_factors;
  bool has_places;

  KernelDescription describe() const {
    auto kernel = kernel_file("rope");
    kernel.arguments = {ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("y", Access::write, y),
                        factors_argument(has_factors), places_argument(has_places),
                        ArgumentDescription::value("params", struct_layout<RopeParams>())};
    allow_in_place<Rope>(kernel);
    kernel.aliases = {{"Y", msl_type(y)}};
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
  if (places) require_places("Rope", places, tokens, start);
  const auto kernel = encoder.kernel(RopeRecipe{.x = x.dtype(),
                                                .y = y.dtype(),
                                                .has_factors = static_cast<bool>(settings.factors),
                                                .has_places = static_cast<bool>(places)});
  const std::array uses{parameter_use(offsetof(RopeParams, start), start)};
  encoder.dispatch(*kernel, {x, y, settings.factors, places, Argument::value(params, uses)},
                   covering(head_dim / 2, heads, tokens));
}

Traffic Rope::traffic() const {
  return traffic_of(*this);
}

Rope::operator Stage() const {
  require_rope("Rope", settings);
  const auto& types = settings.interleaved ? kInterleavedRope : kNeoxRope;
  return {.type = &types.at(settings.magnitude != 1.0f ? 1 : 0),
          .tensors = {settings.factors},
          .scalars = {std::log2(settings.base), settings.magnitude},
          .dims = settings.dims};
}

}  // namespace foundry::ops
