// RandomUniform and RandomNormal: numbers that depend on seed, stream and index alone.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/random_*.metal.
struct RandomParams {
  std::uint32_t count;
  std::uint32_t seed_low;
  std::uint32_t seed_high;
  std::uint32_t stream_low;
  std::uint32_t stream_high;
  float offset;
  float scale;
  float lowest;  ///< of RandomUniform: the elements that it may give
  float highest;
};

// Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011), keyed with
// the seed. Number i is word (i / 32) % 4 of counter ((i / 128) * 32 + i % 32, 0, stream): the same
// on every device, whatever the grid. y: a plain float type without gaps, below 2^32 elements;
// numbers are made in f32. DTypeError for another type, ArgumentError for bounds that are none or
// that y's type does not reach.

// f16 and bf16 get the highest element that is not above the number, so that an element stands for
// the interval up to the next one.

struct RandomUniform {
  AnyTensor y;
  float low = 0.0f;
  float high = 1.0f;
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = low + (high - low) * u, u uniform in [0, 1) with 24 bits: from low on and below high in "
      "every float type, or low where they are equal. The numbers depend on seed, stream and index "
      "alone (Philox4x32-10). ArgumentError for bounds that are none or that y's type does not "
      "reach.",
      write<&RandomUniform::y>(Elements::floats, "any shape, no gaps, below 2^32 elements"),
      setting<&RandomUniform::low>("the smallest number"),
      setting<&RandomUniform::high>("what all are below"), ByName{},
      setting<&RandomUniform::seed>("another one, other numbers"),
      setting<&RandomUniform::stream>(
          "as seed: for numbers of the same seed that are independent"));
};

// |n| < 6.67: the logarithm is that of a number of at least 2^-32.

struct RandomNormal {
  AnyTensor y;
  float mean = 0.0f;
  float deviation = 1.0f;
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = mean + deviation * n, n of the standard normal distribution, rounded to nearest; |n| < "
      "6.67, all are finite. ArgumentError where y's type does not hold all of them. The numbers "
      "depend on seed, stream and index alone (Philox4x32-10, Box & Muller 1958).",
      write<&RandomNormal::y>(Elements::floats, "any shape, no gaps, below 2^32 elements"),
      setting<&RandomNormal::mean>("of the numbers"),
      setting<&RandomNormal::deviation>("of the numbers: the standard one"), ByName{},
      setting<&RandomNormal::seed>("another one, other numbers"),
      setting<&RandomNormal::stream>("as seed: for numbers of the same seed that are independent"));
};

}  // namespace foundry::ops
