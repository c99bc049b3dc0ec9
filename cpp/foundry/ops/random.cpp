#include "foundry/ops/random.hpp"

#include <cmath>

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

void encode_random(Encoder& encoder, const char* op, const char* name, const void* family,
                   const AnyTensor& y, std::uint64_t seed, std::uint64_t stream, float offset,
                   float scale) {
  const RandomParams params{narrow(op, "the number of elements", y.count()),
                            static_cast<std::uint32_t>(seed),
                            static_cast<std::uint32_t>(seed >> 32),
                            static_cast<std::uint32_t>(stream),
                            static_cast<std::uint32_t>(stream >> 32),
                            offset,
                            scale};
  const auto kernel = encoder.kernel(KernelKey(family, {word(y.dtype())}), [&] {
    auto description = kernel_file(name);
    description.arguments = {ArgumentDescription::buffer("y", Access::write, y.dtype()),
                             ArgumentDescription::value("params", struct_layout<RandomParams>())};
    description.aliases = {{"Y", msl_type(y.dtype())}};
    return description;
  });
  encoder.dispatch(*kernel, {y, Argument::value(params)}, element_runs(params.count));
}

}  // namespace

void RandomUniform::encode(Encoder& encoder) const {
  static const char family = 0;
  require_float("RandomUniform", "y", y);
  if (!(low <= high) || !std::isfinite(high - low)) {
    throw ArgumentError(concat("RandomUniform: from ", low, " to ", high, " is no interval"));
  }
  encode_random(encoder, "RandomUniform", "random_uniform", &family, y, seed, stream, low,
                high - low);
}

Traffic RandomUniform::traffic() const {
  return traffic_of({}, {&y});
}

void RandomNormal::encode(Encoder& encoder) const {
  static const char family = 0;
  require_float("RandomNormal", "y", y);
  if (!(deviation >= 0.0f) || !std::isfinite(deviation) || !std::isfinite(mean)) {
    throw ArgumentError(concat("RandomNormal: mean ", mean, " and deviation ", deviation,
                               "; finite ones, the deviation 0 or above, are possible"));
  }
  encode_random(encoder, "RandomNormal", "random_normal", &family, y, seed, stream, mean,
                deviation);
}

Traffic RandomNormal::traffic() const {
  return traffic_of({}, {&y});
}

}  // namespace foundry::ops
