#include "foundry/ops/sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
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

bool has_filters(const SampleSettings& s) {
  return s.top_n_sigma > 0.0f || s.top_k != 0 || s.typical_p < 1.0f || s.top_p < 1.0f ||
         s.min_p > 0.0f || s.xtc_probability > 0.0f || s.dynatemp_range > 0.0f;
}

void check_tensors(const Sample& sample) {
  const std::uint64_t columns = sample.logits.count();
  const std::uint64_t words = (columns + 31) / 32;
  require_count("Sample", "token", sample.token, 1);
  require_count("Sample", "scratch", sample.scratch, columns);
  if (sample.counts) require_count("Sample", "counts", sample.counts, columns);
  if (sample.bias) require_count("Sample", "bias", sample.bias, columns);
  if (sample.mask) require_count("Sample", "mask", sample.mask, words);
  if (sample.breakers) require_count("Sample", "breakers", sample.breakers, words);
  if (sample.recent && sample.recent.count() < sample.settings.dry_last_n) {
    throw ShapeError(concat("Sample: recent is ", to_string(sample.recent.extents()),
                            ", dry_last_n = ", sample.settings.dry_last_n,
                            " takes as many at least"));
  }
  if (sample.mu && sample.mu.count() < 2) {
    throw ShapeError(
        concat("Sample: mu is ", to_string(sample.mu.extents()), ", (2,) is the least"));
  }
  if (sample.mu && has_filters(sample.settings)) {
    throw ArgumentError(
        "Sample: unsupported filters beside mu, as mirostat takes their place; supported: "
        "penalties, "
        "DRY, temperature");
  }
  if (columns > kMaxColumns) {
    throw ShapeError(concat("Sample: ", columns, " logits, up to ", kMaxColumns, " are possible"));
  }
}

/// From this length on a repetition's penalty stays the same, lest the power overflow: llama.cpp's
/// bound.
std::uint32_t longest_repetition(const SampleSettings& s) {
  constexpr float kLogOfLargest = 88.7228391f;
  if (!(s.dry_base > 1.000001f)) return std::numeric_limits<std::uint32_t>::max();
  const auto steps = static_cast<std::uint32_t>(kLogOfLargest / std::log(s.dry_base));
  if (steps == 0) return std::numeric_limits<std::uint32_t>::max();
  return s.dry_allowed_length + std::min(steps, ~s.dry_allowed_length);
}

DryParams dry_params(const Sample& sample) {
  if (!sample.recent) return {};
  const SampleSettings& s = sample.settings;
  return {in_32_bits("Sample", "the ring's capacity", sample.recent.count()),
          s.dry_last_n,
          s.dry_allowed_length,
          longest_repetition(s),
          s.dry_multiplier,
          s.dry_base};
}

struct SampleRecipe {
  DType logits;
  DType token;
  bool has_counts;
  bool has_bias;
  bool has_mask;
  bool has_recent;
  bool has_breakers;
  bool has_mu;
  bool has_top_n_sigma;
  bool has_typical;
  bool has_xtc;
  bool has_dynamic_temperature;

  KernelDescription describe() const {
    auto kernel = kernel_file("sample");
    const auto optional = [](const char* name, Access access, DType dtype, bool present) {
      return ArgumentDescription::optional_buffer(name, access, dtype, present);
    };
    kernel.arguments = {ArgumentDescription::buffer("logits", Access::read, logits),
                        ArgumentDescription::buffer("scratch", Access::read_write, DType::f32),
                        ArgumentDescription::buffer("token", Access::write, token),
                        optional("counts", Access::read_write, DType::u32, has_counts),
                        optional("bias", Access::read, DType::f32, has_bias),
                        optional("mask", Access::read, DType::u32, has_mask),
                        optional("recent", Access::read, token, has_recent),
                        optional("breakers", Access::read, DType::u32, has_breakers),
                        optional("mu", Access::read_write, DType::f32, has_mu),
                        ArgumentDescription::value("dry", struct_layout<DryParams>()),
                        ArgumentDescription::value("params", struct_layout<SampleParams>())};
    // DRY's penalties stand in the scratch before the logits do.
    if (!has_recent) allow_in_place<Sample>(kernel);
    kernel.aliases = {{"Token", msl_type(token)}};
    kernel.constants = {{"has_top_n_sigma", has_top_n_sigma},
                        {"has_typical", has_typical},
                        {"has_xtc", has_xtc},
                        {"has_dynamic_temperature", has_dynamic_temperature}};
    return kernel;
  }
};

SampleRecipe recipe_of(const Sample& sample) {
  const SampleSettings& s = sample.settings;
  const auto is_there = [](const AnyTensor& tensor) { return static_cast<bool>(tensor); };
  return {.logits = sample.logits.dtype(),
          .token = sample.token.dtype(),
          .has_counts = is_there(sample.counts),
          .has_bias = is_there(sample.bias),
          .has_mask = is_there(sample.mask),
          .has_recent = is_there(sample.recent),
          .has_breakers = sample.recent && sample.breakers,
          .has_mu = is_there(sample.mu),
          .has_top_n_sigma = s.top_n_sigma > 0.0f,
          .has_typical = s.typical_p < 1.0f,
          .has_xtc = s.xtc_probability > 0.0f,
          .has_dynamic_temperature = s.dynatemp_range > 0.0f};
}

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

void check_settings(const SampleSettings& s) {
  require_range("repetition_penalty", s.repetition_penalty, s.repetition_penalty > 0.0f, "above 0");
  require_range("dry_base", s.dry_base, s.dry_base >= 1.0f, "1 or above");
  for (const auto& [name, value] :
       {std::pair{"typical_p", s.typical_p}, std::pair{"top_p", s.top_p}}) {
    require_range(name, value, value > 0.0f && value <= 1.0f, "in (0, 1]");
  }
  for (const auto& [name, value] :
       {std::pair{"min_p", s.min_p}, std::pair{"xtc_probability", s.xtc_probability},
        std::pair{"xtc_threshold", s.xtc_threshold}}) {
    require_range(name, value, value >= 0.0f && value <= 1.0f, "in [0, 1]");
  }
  for (const auto& [name, value] :
       {std::pair{"temperature", s.temperature}, std::pair{"dry_multiplier", s.dry_multiplier},
        std::pair{"top_n_sigma", s.top_n_sigma}, std::pair{"dynatemp_range", s.dynatemp_range},
        std::pair{"dynatemp_exponent", s.dynatemp_exponent}}) {
    require_range(name, value, value >= 0.0f, "0 or above");
    require_range(name, value, std::isfinite(value), "finite");
  }
  for (const auto& [name, value] :
       {std::pair{"repetition_penalty", s.repetition_penalty},
        std::pair{"frequency_penalty", s.frequency_penalty},
        std::pair{"presence_penalty", s.presence_penalty}, std::pair{"dry_base", s.dry_base},
        std::pair{"mirostat_tau", s.mirostat_tau}, std::pair{"mirostat_eta", s.mirostat_eta}}) {
    require_range(name, value, std::isfinite(value), "finite");
  }
}

void Sample::encode(Encoder& encoder) const {
  require_operands(*this);
  check_tensors(*this);
  check_settings(settings);
  const auto columns = static_cast<std::uint32_t>(logits.count());
  const SampleParams params{columns,
                            settings.repetition_penalty,
                            settings.frequency_penalty,
                            settings.presence_penalty,
                            settings.top_n_sigma,
                            settings.top_k,
                            settings.typical_p,
                            settings.top_p,
                            settings.min_p,
                            settings.xtc_probability,
                            settings.xtc_threshold,
                            settings.temperature,
                            settings.dynatemp_range,
                            settings.dynatemp_exponent,
                            settings.mirostat_tau,
                            settings.mirostat_eta,
                            mu ? in_32_bits("Sample", "mu's capacity", mu.count()) : 0,
                            static_cast<std::uint32_t>(settings.seed.value()),
                            static_cast<std::uint32_t>(settings.seed.value() >> 32),
                            step.value()};
  const DryParams dry = dry_params(*this);
  const SampleRecipe recipe = recipe_of(*this);
  const auto kernel = encoder.kernel(recipe);
  const std::uint32_t simdgroups =
      std::min(kMaxSimdgroups, (columns + kSimdWidth - 1) / kSimdWidth);
  // A seed's low half stands before its high one, as in the bytes of a u64.
  static_assert(offsetof(SampleParams, seed_high) == offsetof(SampleParams, seed_low) + 4);
  const std::array uses{parameter_use(offsetof(SampleParams, seed_low), settings.seed),
                        parameter_use(offsetof(SampleParams, step), step)};
  encoder.dispatch(*kernel,
                   {logits, scratch, token, counts, bias, mask, recent,
                    recipe.has_breakers ? breakers : AnyTensor(), mu, Argument::value(dry),
                    Argument::value(params, uses)},
                   threadgroups_of(simdgroups, 1));
}

Traffic Sample::traffic() const {
  // The scratch is written and read; of the rings, what one draw takes.
  Traffic traffic = traffic_of({&logits, &scratch, &counts, &bias, &mask}, {&scratch, &token});
  if (recent) {
    const std::uint64_t id = info(recent.dtype()).block_bytes;
    traffic += Traffic{settings.dry_last_n * id + bytes_of(breakers), 0};
  }
  if (counts) traffic.writes += info(counts.dtype()).block_bytes;
  if (mu) traffic += Traffic{info(mu.dtype()).block_bytes, info(mu.dtype()).block_bytes};
  return traffic;
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
