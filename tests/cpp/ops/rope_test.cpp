#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

Values rotated(const Values& x, std::size_t tokens, std::size_t heads, std::size_t dim,
               double start, double base, bool interleaved, const Values& factors) {
  Values y(x.size());
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t i = 0; i < dim / 2; ++i) {
        const double factor = factors.empty() ? 1.0 : factors[i];
        const double angle =
            (start + static_cast<double>(t)) *
            std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(dim)) / factor;
        const std::size_t at = (t * heads + h) * dim;
        const std::size_t a = at + (interleaved ? 2 * i : i);
        const std::size_t b = at + (interleaved ? 2 * i + 1 : i + dim / 2);
        y[a] = x[a] * std::cos(angle) - x[b] * std::sin(angle);
        y[b] = x[a] * std::sin(angle) + x[b] * std::cos(angle);
      }
    }
  }
  return y;
}

// The angle is position * frequency in f32: relative error about 2^-22, so up to 8192 * 2^-22
// radians at the largest position here, times elements of up to about 4.
constexpr double kAngleError = 8192.0 * 0x1p-22 * 4.0;

}  // namespace

TEST_CASE("Rope in both pairings, with and without factors, at early and late positions") {
  Random random(31);
  for (const bool interleaved : {false, true}) {
    for (const bool with_factors : {false, true}) {
      for (const std::uint32_t start : {0u, 8000u}) {
        CAPTURE(interleaved);
        CAPTURE(with_factors);
        CAPTURE(start);
        const std::size_t tokens = 3, heads = 5, dim = 64;
        Values x, factors;
        const auto input = random_tensor({tokens, heads, dim}, DType::f32, random, x);
        ops::RopeSettings settings{100000.0f, interleaved, {}};
        if (with_factors) {
          for (std::size_t i = 0; i < dim / 2; ++i) factors.push_back(random.uniform(1.0, 8.0));
          settings.factors = upload({dim / 2}, DType::f32, factors);
        }
        const auto y = output({tokens, heads, dim}, DType::f32);
        runtime().run(ops::Rope{input, y, start, settings});
        check_close(download(y),
                    rotated(x, tokens, heads, dim, start, 100000.0, interleaved, factors), 0.0,
                    kAngleError);
      }
    }
  }
}

TEST_CASE("RopeKvWrite turns queries in place and writes the cache where it should, nowhere else") {
  Random random(32);
  const std::size_t tokens = 3, heads = 6, kv_heads = 2, dim = 16, capacity = 9;
  const std::uint32_t start = 4;
  Values q, k, v;
  const auto query = random_tensor({tokens, heads, dim}, DType::f32, random, q);
  const auto keys = random_tensor({tokens, kv_heads * dim}, DType::f32, random, k);
  const auto values = random_tensor({tokens, kv_heads * dim}, DType::f32, random, v);
  // Keys lie head-major in memory, values position-major: the strides decide.
  const auto k_memory = output({kv_heads, capacity, dim}, DType::f16);
  const std::int64_t order[] = {1, 0, 2};
  const auto k_cache = k_memory.transpose(order);
  const auto v_cache = output({capacity, kv_heads, dim}, DType::f16);
  runtime().run(
      ops::RopeKvWrite{query, keys, values, k_cache, v_cache, start, {10000.0f, true, {}}});
  check_close(download(query), rotated(q, tokens, heads, dim, start, 10000.0, true, {}), 0.0, 1e-5);

  const Values want_k = rotated(k, tokens, kv_heads, dim, start, 10000.0, true, {});
  const Values have_k = download(k_memory);
  const Values have_v = download(v_cache);
  for (std::size_t p = 0; p < capacity; ++p) {
    for (std::size_t h = 0; h < kv_heads; ++h) {
      for (std::size_t d = 0; d < dim; ++d) {
        const double in_k = have_k[(h * capacity + p) * dim + d];
        const double in_v = have_v[(p * kv_heads + h) * dim + d];
        if (p < start || p >= start + tokens) {
          CHECK(std::isnan(in_k));
          CHECK(std::isnan(in_v));
          continue;
        }
        const std::size_t at = ((p - start) * kv_heads + h) * dim + d;
        CHECK(std::abs(in_k - want_k[at]) <= 0x1p-11 * std::abs(want_k[at]) + 1e-5);
        CHECK(std::abs(in_v - v[at]) <= 0x1p-11 * std::abs(v[at]) + 1e-7);
      }
    }
  }

  const auto other = output({capacity, kv_heads, dim}, DType::f16);
  runtime().run(ops::KvWrite{keys, values, other, v_cache, start});
  const Values plain = download(other);
  for (std::size_t i = 0; i < k.size(); ++i) {
    CHECK(std::abs(plain[start * kv_heads * dim + i] - k[i]) <= 0x1p-11 * std::abs(k[i]) + 1e-7);
  }
}

TEST_CASE("the cache's end is respected") {
  const auto k = runtime().alloc({3, 32}, DType::f32);
  const auto cache = runtime().alloc({9, 2, 16}, DType::f16);
  CHECK_THROWS_WITH_AS(runtime().run(ops::KvWrite{k, k, cache, cache, 7}),
                       "KvWrite: positions 7 to 9, the cache has 9", ShapeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Rope{k, k, 0, {}}),
                       "Rope: x is (3, 32), not (tokens, heads, head_dim)", ShapeError);
}
