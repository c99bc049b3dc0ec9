#include <map>
#include <numeric>

#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

/// Philox4x32-10 on the host, from the paper's description.
std::uint32_t philox_word(std::uint32_t step, std::uint64_t seed) {
  std::uint32_t c[4] = {step, 0, 0, 0};
  std::uint32_t k[2] = {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * c[2];
    const std::uint32_t next[4] = {
        static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(a)};
    std::copy(std::begin(next), std::end(next), c);
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c[0];
}

/// Probabilities after the whole chain, in float64.
Values probabilities(Values logits, const Values& counts, const ops::SampleSettings& s) {
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (counts.empty() || counts[i] == 0) continue;
    logits[i] = logits[i] > 0 ? logits[i] / s.repetition_penalty : logits[i] * s.repetition_penalty;
    logits[i] -= counts[i] * s.frequency_penalty + s.presence_penalty;
  }
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  const double highest = logits[order[0]];
  std::size_t kept = s.top_k ? std::min<std::size_t>(s.top_k, order.size()) : order.size();
  double total = 0.0;
  for (std::size_t i = 0; i < kept; ++i) total += std::exp(logits[order[i]] - highest);
  if (s.top_p < 1.0f) {
    double mass = 0.0;
    for (std::size_t i = 0; i < kept; ++i) {
      mass += std::exp(logits[order[i]] - highest);
      if (mass >= s.top_p * total) kept = i + 1;
    }
  }
  if (s.min_p > 0.0f) {
    while (kept > 1 && logits[order[kept - 1]] < highest + std::log(s.min_p)) --kept;
  }
  if (s.temperature == 0.0f) kept = 1;
  Values result(logits.size(), 0.0);
  double sum = 0.0;
  for (std::size_t i = 0; i < kept; ++i) {
    const double t = s.temperature == 0.0f ? 1.0 : s.temperature;
    sum += result[order[i]] = std::exp((logits[order[i]] - highest) / t);
  }
  for (auto& p : result) p /= sum;
  return result;
}

/// The tokens that a draw with `u` may give: the one, and a neighbour if rounding may decide.
bool may_be(const Values& p, double u, std::size_t token) {
  double before = 0.0;
  for (std::size_t i = 0; i < token; ++i) before += p[i];
  return p[token] > 0.0 && u > before - 1e-5 && u < before + p[token] + 1e-5;
}

}  // namespace

TEST_CASE("a draw is the inverse of the cumulative probabilities at Philox's number") {
  Random random(61);
  const ops::SampleSettings all[] = {
      {},
      {.top_k = 40, .temperature = 0.8f, .seed = 7},
      {.top_p = 0.9f, .seed = 1},
      {.min_p = 0.05f, .temperature = 1.5f, .seed = (std::uint64_t{5} << 32) + 3},
      {.repetition_penalty = 1.3f,
       .frequency_penalty = 0.2f,
       .presence_penalty = 0.1f,
       .top_k = 50,
       .top_p = 0.95f,
       .min_p = 0.02f,
       .temperature = 0.7f,
       .seed = 9},
      {.top_k = 1, .seed = 11},
      {.temperature = 0.0f, .seed = 12},
  };
  for (const std::size_t columns : {1, 33, 1000, 5000}) {
    Values logits;
    const auto input = random_tensor({columns}, DType::f32, random, logits, 3.0);
    const auto scratch = output({columns}, DType::f32);
    const auto token = output({1}, DType::i32);
    for (const auto& settings : all) {
      for (std::uint32_t step = 0; step < 8; ++step) {
        Values counts(columns, 0.0);
        for (std::size_t i = 0; i < columns; i += 3) counts[i] = static_cast<double>(i % 4);
        const auto count_tensor = upload({columns}, DType::u32, counts);
        runtime().run(ops::Sample{.logits = input,
                                  .scratch = scratch,
                                  .token = token,
                                  .counts = count_tensor,
                                  .settings = settings,
                                  .step = step});
        const auto drawn = static_cast<std::size_t>(download(token)[0]);
        CAPTURE(columns);
        CAPTURE(step);
        CAPTURE(drawn);
        CAPTURE(settings.seed.value());
        const double u = (philox_word(step, settings.seed.value()) >> 8) * 0x1p-24;
        REQUIRE(drawn < columns);
        CHECK(may_be(probabilities(logits, counts, settings), u, drawn));
        counts[drawn] += 1.0;
        CHECK(download(count_tensor) == counts);
      }
    }
  }
}

TEST_CASE("without counts the penalties do nothing") {
  Random random(62);
  Values logits;
  const auto input = random_tensor({100}, DType::f32, random, logits);
  const auto scratch = output({100}, DType::f32);
  const auto token = output({1}, DType::u32);
  runtime().run(ops::Sample{.logits = input,
                            .scratch = scratch,
                            .token = token,
                            .settings = {.repetition_penalty = 9.0f,
                                         .frequency_penalty = 5.0f,
                                         .presence_penalty = 5.0f,
                                         .temperature = 0.0f}});
  const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
  CHECK(download(token)[0] == static_cast<double>(best));
}

TEST_CASE("CountTokens counts every id, repeated ones and those outside") {
  Values ids{3, 3, 9, 0, 3, 100, -1}, zero(10, 0.0);
  const auto counts = upload({10}, DType::u32, zero);
  runtime().run(ops::CountTokens{upload({7}, DType::i32, ids), counts});
  CHECK(download(counts) == Values{1, 0, 0, 3, 0, 0, 0, 0, 0, 1});
}

TEST_CASE("settings outside of their range are refused with the value") {
  const auto logits = runtime().alloc({8}, DType::f32);
  const auto token = runtime().alloc({1}, DType::i32);
  const auto fails = [&](const ops::SampleSettings& settings, const char* text) {
    const ops::Sample sample{
        .logits = logits, .scratch = logits, .token = token, .settings = settings};
    CHECK_THROWS_WITH_AS(runtime().run(sample), text, ArgumentError);
  };
  ops::SampleSettings s;
  s.top_p = 0.0f;
  fails(s, "Sample: top_p is 0, not in (0, 1]");
  s = {};
  s.temperature = -1.0f;
  fails(s, "Sample: temperature is -1, not 0 or above");
  s = {};
  s.repetition_penalty = 0.0f;
  fails(s, "Sample: repetition_penalty is 0, not above 0");
  s = {};
  s.min_p = 1.5f;
  fails(s, "Sample: min_p is 1.5, not in [0, 1]");
  s = {};
  s.typical_p = 1.25f;
  fails(s, "Sample: typical_p is 1.25, not in (0, 1]");
  s = {};
  s.xtc_probability = -0.5f;
  fails(s, "Sample: xtc_probability is -0.5, not in [0, 1]");
  s = {};
  s.dry_base = 0.5f;
  fails(s, "Sample: dry_base is 0.5, not 1 or above");
}
