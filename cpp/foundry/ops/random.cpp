#include "foundry/ops/random.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

// Box & Muller's largest number: the root of -2 log(2^-32), 6.6604, and some for rounding.
constexpr float kLargestNormal = 6.67f;

float rounded(float value, DType dtype) {
  if (dtype == DType::f16) return f16(value);
  if (dtype == DType::bf16) return bf16(value);
  return value;
}

/// The next element of a float type above `element`, or below.
float next_element(float element, DType dtype, bool above) {
  if (dtype == DType::f32) {
    const float end = std::numeric_limits<float>::infinity();
    return std::nextafter(element, above ? end : -end);
  }
  const bool half = dtype == DType::f16;
  const std::uint16_t bits = half ? f16(element).bits : bf16(element).bits;
  const int magnitude = bits & 0x7fff;
  const int place = ((bits & 0x8000) != 0 ? -magnitude : magnitude) + (above ? 1 : -1);
  const auto next = static_cast<std::uint16_t>(place < 0 ? 0x8000 | -place : place);
  return half ? static_cast<float>(f16::from_bits(next))
              : static_cast<float>(bf16::from_bits(next));
}

void require_finite_element(std::string_view op, std::string_view what, float value, DType dtype) {
  if (!std::isfinite(rounded(value, dtype))) {
    throw ArgumentError(
        concat(op, ": ", what, " ", value, " lies beyond what ", name_of(dtype), " holds"));
  }
}

/// kernels/<name>.metal.
struct Distribution {
  const char* op;
  const char* name;
};
constexpr Distribution kUniform{.op = "RandomUniform", .name = "random_uniform"};
constexpr Distribution kNormal{.op = "RandomNormal", .name = "random_normal"};

struct RandomRecipe {
  const Distribution* of;
  DType y;

  KernelDescription describe() const {
    auto kernel = kernel_file(of->name);
    kernel.arguments = {ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<RandomParams>())};
    kernel.aliases = {{"Y", msl_type(y)}};
    return kernel;
  }
};

void encode_random(Encoder& encoder, const Distribution& of, const AnyTensor& y, std::uint64_t seed,
                   std::uint64_t stream, float offset, float scale, float lowest, float highest) {
  const RandomParams params{in_32_bits(of.op, "the number of elements", y.count()),
                            static_cast<std::uint32_t>(seed),
                            static_cast<std::uint32_t>(seed >> 32),
                            static_cast<std::uint32_t>(stream),
                            static_cast<std::uint32_t>(stream >> 32),
                            offset,
                            scale,
                            lowest,
                            highest};
  const auto kernel = encoder.kernel(RandomRecipe{.of = &of, .y = y.dtype()});
  encoder.dispatch(*kernel, {y, Argument::value(params)}, element_runs(params.count));
}

}  // namespace

void RandomUniform::encode(Encoder& encoder) const {
  require_operands(*this);
  if (!(low <= high) || !std::isfinite(high - low)) {
    throw ArgumentError(concat("RandomUniform: from ", low, " to ", high, " is no interval"));
  }
  const DType dtype = y.dtype();
  require_finite_element("RandomUniform", "low", low, dtype);
  require_finite_element("RandomUniform", "high", high, dtype);
  float lowest = rounded(low, dtype);
  float highest = rounded(high, dtype);
  if (low < high) {
    if (lowest < low) lowest = next_element(lowest, dtype, true);
    if (highest >= high) highest = next_element(highest, dtype, false);
  }
  if (!(lowest <= highest)) {
    throw ArgumentError(
        concat("RandomUniform: no ", name_of(dtype), " lies from ", low, " up to ", high));
  }
  encode_random(encoder, kUniform, y, seed, stream, low, high - low, lowest, highest);
}

Traffic RandomUniform::traffic() const {
  return traffic_of(*this);
}

void RandomNormal::encode(Encoder& encoder) const {
  require_operands(*this);
  if (!(deviation >= 0.0f) || !std::isfinite(deviation) || !std::isfinite(mean)) {
    throw ArgumentError(concat("RandomNormal: mean ", mean, " and deviation ", deviation,
                               "; finite ones, the deviation 0 or above, are possible"));
  }
  require_finite_element("RandomNormal", "a number of the tail,",
                         std::abs(mean) + kLargestNormal * deviation, y.dtype());
  encode_random(encoder, kNormal, y, seed, stream, mean, deviation, 0.0f, 0.0f);
}

Traffic RandomNormal::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
