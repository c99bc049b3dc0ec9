#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

struct Case {
  std::size_t tokens, heads, kv_heads, dim, start;
  std::uint32_t window = 0;
};

Values attended(const Case& c, const Values& q, const Values& k, const Values& v) {
  Values y(q.size());
  const std::size_t group = c.heads / c.kv_heads;
  for (std::size_t t = 0; t < c.tokens; ++t) {
    const std::size_t end = c.start + t + 1;
    const std::size_t begin = c.window && end > c.window ? end - c.window : 0;
    for (std::size_t h = 0; h < c.heads; ++h) {
      const double* query = &q[(t * c.heads + h) * c.dim];
      const auto at = [&](std::size_t p) { return (p * c.kv_heads + h / group) * c.dim; };
      Values scores;
      double highest = -1e300;
      for (std::size_t p = begin; p < end; ++p) {
        double score = 0.0;
        for (std::size_t d = 0; d < c.dim; ++d) score += query[d] * k[at(p) + d];
        scores.push_back(score / std::sqrt(static_cast<double>(c.dim)));
        highest = std::max(highest, scores.back());
      }
      double sum = 0.0;
      for (auto& score : scores) sum += score = std::exp(score - highest);
      for (std::size_t d = 0; d < c.dim; ++d) {
        double mixed = 0.0;
        for (std::size_t p = begin; p < end; ++p) mixed += scores[p - begin] * v[at(p) + d];
        y[(t * c.heads + h) * c.dim + d] = mixed / sum;
      }
    }
  }
  return y;
}

void check_case(const Case& c, ops::AttentionForm form, double scale, Random& random) {
  CAPTURE(c.tokens);
  CAPTURE(c.heads);
  CAPTURE(c.kv_heads);
  CAPTURE(c.dim);
  CAPTURE(c.start);
  CAPTURE(static_cast<int>(form));
  const std::size_t capacity = c.start + c.tokens + 3;
  Values q, k, v;
  const auto query = random_tensor({c.tokens, c.heads, c.dim}, DType::f32, random, q, scale);
  const auto keys = random_tensor({capacity, c.kv_heads, c.dim}, DType::f16, random, k);
  const auto values = random_tensor({capacity, c.kv_heads, c.dim}, DType::f16, random, v);
  const auto y = output({c.tokens, c.heads, c.dim}, DType::f32);
  ops::Attention op{query, keys,     values, y, static_cast<std::uint32_t>(c.start),
                    0.0f,  c.window, form};
  runtime().run(op);
  // A score has an f32 error of about scale * dim * 2^-24 * |q||k|; exp turns it into a relative
  // one.
  const double score_error = 0x1p-24 * 40.0 * scale * static_cast<double>(c.dim);
  check_close(download(y), attended(c, q, k, v), 0.0, 1e-5 + 8.0 * score_error);
}

constexpr Case kCases[] = {
    {1, 9, 3, 64, 0},   {1, 9, 3, 64, 31},   {1, 9, 3, 64, 300}, {1, 4, 4, 128, 77},
    {1, 2, 1, 32, 255}, {2, 8, 1, 80, 40},   {5, 9, 3, 64, 0},   {33, 6, 2, 64, 7},
    {70, 2, 2, 32, 0},  {3, 4, 2, 256, 100}, {45, 3, 1, 96, 64},
};

}  // namespace

TEST_CASE("decode attention over ragged lengths, groups and head sizes") {
  Random random(41);
  for (const auto& c : kCases) check_case(c, ops::AttentionForm::decode, 1.0, random);
}

TEST_CASE("prefill attention over ragged lengths, groups and head sizes") {
  Random random(42);
  for (const auto& c : kCases) check_case(c, ops::AttentionForm::prefill, 1.0, random);
}

TEST_CASE("large scores neither overflow nor lose the maximum") {
  Random random(43);
  for (const auto form : {ops::AttentionForm::decode, ops::AttentionForm::prefill}) {
    check_case({4, 4, 2, 64, 90}, form, 50.0, random);
  }
}

TEST_CASE("a sliding window hides what is older") {
  Random random(44);
  for (const auto form : {ops::AttentionForm::decode, ops::AttentionForm::prefill}) {
    check_case({1, 4, 2, 64, 90, 16}, form, 1.0, random);
    check_case({40, 4, 2, 64, 30, 20}, form, 1.0, random);
    check_case({3, 2, 1, 32, 0, 1}, form, 1.0, random);
  }
}

TEST_CASE("attention names what does not fit") {
  const auto cache = runtime().alloc({10, 2, 64}, DType::f16);
  const auto q = runtime().alloc({1, 3, 64}, DType::f32);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Attention{q, cache, cache, q}),
                       "Attention: q has 3 heads, not a multiple of the cache's 2", ShapeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Attention{q, cache, cache, q, 10}),
                       "Attention: positions 10 to 10, the cache has 10", ShapeError);
  const auto odd = runtime().alloc({1, 3, 48}, DType::f32);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Attention{odd, cache, cache, odd}),
                       "Attention: q is (1, 3, 48), not (tokens, heads, 64)", ShapeError);
}
