#include "foundry/ops/sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr std::uint64_t kMaxColumns = 1u << 24;  // counts are kept in floats, exact up to here

void require_range(const char* name, float value, bool inside, const char* range) {
  if (!inside) throw ArgumentError(concat("Sample: ", name, " is ", value, ", not ", range));
}

void check(const SampleSettings& s) {
  require_range("repetition_penalty", s.repetition_penalty, s.repetition_penalty > 0.0f, "above 0");
  require_range("top_p", s.top_p, s.top_p > 0.0f && s.top_p <= 1.0f, "in (0, 1]");
  require_range("min_p", s.min_p, s.min_p >= 0.0f && s.min_p <= 1.0f, "in [0, 1]");
  require_range("temperature", s.temperature, s.temperature >= 0.0f, "0 or above");
  for (const auto& [name, value] : {std::pair{"temperature", s.temperature},
                                    std::pair{"repetition_penalty", s.repetition_penalty},
                                    std::pair{"frequency_penalty", s.frequency_penalty},
                                    std::pair{"presence_penalty", s.presence_penalty}}) {
    require_range(name, value, std::isfinite(value), "finite");
  }
}

struct SampleRecipe {
  DType logits;
  DType token;
  bool has_counts;

  KernelDescription describe() const {
    auto kernel = kernel_file("sample");
    kernel.arguments = {
        ArgumentDescription::buffer("logits", Access::read, logits),
        ArgumentDescription::buffer("scratch", Access::write, DType::f32),
        ArgumentDescription::buffer("token", Access::write, token),
        ArgumentDescription::optional_buffer("counts", Access::read_write, DType::u32, has_counts),
        ArgumentDescription::value("params", struct_layout<SampleParams>())};
    allow_in_place<Sample>(kernel);
    kernel.aliases = {{"Token", msl_type(token)}};
    return kernel;
  }
};

struct CountRecipe {
  DType ids;

  KernelDescription describe() const {
    auto kernel = kernel_file("count_tokens");
    kernel.arguments = {ArgumentDescription::buffer("ids", Access::read, ids),
                        ArgumentDescription::buffer("counts", Access::read_write, DType::u32),
                        ArgumentDescription::value("params", struct_layout<CountTokensParams>())};
    return kernel;
  }
};

}  // namespace

void Sample::encode(Encoder& encoder) const {
  require_operands(*this);
  require_count("Sample", "token", token, 1);
  require_count("Sample", "scratch", scratch, logits.count());
  if (counts) require_count("Sample", "counts", counts, logits.count());
  if (logits.count() > kMaxColumns) {
    throw ShapeError(
        concat("Sample: ", logits.count(), " logits, up to ", kMaxColumns, " are possible"));
  }
  check(settings);
  const auto columns = static_cast<std::uint32_t>(logits.count());
  const SampleParams params{columns,
                            settings.top_k,
                            settings.top_p,
                            settings.min_p,
                            settings.temperature,
                            settings.repetition_penalty,
                            settings.frequency_penalty,
                            settings.presence_penalty,
                            static_cast<std::uint32_t>(settings.seed.value()),
                            static_cast<std::uint32_t>(settings.seed.value() >> 32),
                            step.value()};
  const auto kernel = encoder.kernel(SampleRecipe{
      .logits = logits.dtype(), .token = token.dtype(), .has_counts = static_cast<bool>(counts)});
  const std::uint32_t simdgroups =
      std::min(kMaxSimdgroups, (columns + kSimdWidth - 1) / kSimdWidth);
  // A seed's low half stands before its high one, as in the bytes of a u64.
  static_assert(offsetof(SampleParams, seed_high) == offsetof(SampleParams, seed_low) + 4);
  const std::array uses{parameter_use(offsetof(SampleParams, seed_low), settings.seed),
                        parameter_use(offsetof(SampleParams, step), step)};
  encoder.dispatch(*kernel, {logits, scratch, token, counts, Argument::value(params, uses)},
                   threadgroups_of(simdgroups, 1));
}

Traffic Sample::traffic() const {
  return traffic_of({&logits, &scratch, &counts}, {&scratch, &token});
}

void CountTokens::encode(Encoder& encoder) const {
  require_operands(*this);
  const CountTokensParams params{in_32_bits("CountTokens", "the number of tokens", ids.count()),
                                 in_32_bits("CountTokens", "the number of counts", counts.count())};
  const auto kernel = encoder.kernel(CountRecipe{.ids = ids.dtype()});
  encoder.dispatch(*kernel, {ids, counts, Argument::value(params)}, covering(params.tokens));
}

Traffic CountTokens::traffic() const {
  const std::uint64_t counted = ids.count() * info(counts.dtype()).block_bytes;
  return traffic_of({&ids}, {}) + Traffic{counted, counted};
}

}  // namespace foundry::ops
