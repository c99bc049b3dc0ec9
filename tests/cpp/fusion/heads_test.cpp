// Products whose rows are heads: head norm, rotation and the cache write in the product's kernel.
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

constexpr double kBase = 10000.0;
constexpr std::size_t kColumns = 96;

/// Every head of one token turned by its position.
Values turned(const Values& x, std::size_t dim, double position, bool interleaved,
              const Values& factors) {
  Values y(x.size());
  for (std::size_t head = 0; head < x.size() / dim; ++head) {
    for (std::size_t i = 0; i < dim / 2; ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(dim);
      const double angle =
          position * std::pow(kBase, exponent) / (factors.empty() ? 1.0 : factors[i]);
      const std::size_t a = head * dim + (interleaved ? 2 * i : i);
      const std::size_t b = head * dim + (interleaved ? 2 * i + 1 : i + dim / 2);
      y[a] = x[a] * std::cos(angle) - x[b] * std::sin(angle);
      y[b] = x[a] * std::sin(angle) + x[b] * std::cos(angle);
    }
  }
  return y;
}

struct Case {
  std::size_t dim, heads, kv_heads;
  bool interleaved, biases, norms, factors;
};

/// A q, k, v projection with everything it may have, and its values.
struct Projection {
  Case shape;
  Values x, gamma, wq, wk, wv, bq, bk, bv, nq, nk, factors;
  ops::QkvLinear op;
  AnyTensor k_memory;

  Projection(const Case& c, std::uint32_t start, std::size_t capacity, Random& random) : shape(c) {
    const std::size_t q_rows = c.heads * c.dim, kv_rows = c.kv_heads * c.dim;
    op.query = random_tensor({q_rows, kColumns}, DType::q4_1, random, wq);
    op.key = random_tensor({kv_rows, kColumns}, DType::q8_0, random, wk);
    op.value = random_tensor({kv_rows, kColumns}, DType::f16, random, wv);
    op.x = random_tensor({kColumns}, DType::f32, random, x);
    op.prologue = ops::RmsNorm{random_tensor({kColumns}, DType::f32, random, gamma), 1e-5f, {}, {}};
    op.q = output({1, c.heads, c.dim}, DType::f32);
    // Keys lie head-major in memory, values position-major: the strides decide.
    k_memory = output({c.kv_heads, capacity, c.dim}, DType::f16);
    const std::int64_t order[] = {1, 0, 2};
    op.k_cache = k_memory.transpose(order);
    op.v_cache = output({capacity, c.kv_heads, c.dim}, DType::f16);
    op.start = start;
    op.settings = {static_cast<float>(kBase), c.interleaved, {}};
    if (c.biases) {
      op.query_bias = random_tensor({q_rows}, DType::f32, random, bq);
      op.key_bias = random_tensor({kv_rows}, DType::f16, random, bk);
      op.value_bias = random_tensor({kv_rows}, DType::f32, random, bv);
    }
    if (c.norms) {
      op.norms.query_norm = random_tensor({c.dim}, DType::f32, random, nq);
      op.norms.key_norm = random_tensor({c.dim}, DType::f16, random, nk);
    }
    if (c.factors) {
      for (std::size_t i = 0; i < c.dim / 2; ++i) factors.push_back(random.uniform(1.0, 8.0));
      op.settings.factors = upload({c.dim / 2}, DType::f32, factors);
    }
  }

  Values normed() const { return rms_norm(x, gamma, 1e-5); }
  Values projected(const Values& w, const Values& bias, const Values& norm, bool turn) const {
    Values y = product(w, normed(), 1, w.size() / kColumns, kColumns);
    for (std::size_t i = 0; i < bias.size(); ++i) y[i] += bias[i];
    if (!norm.empty()) y = rms_norm(y, norm, 1e-6);
    return turn ? turned(y, shape.dim, op.start.value(), shape.interleaved, factors) : y;
  }
  /// Of a projection: float32 sums, through a norm (which may shrink or grow them), then the angle:
  /// position * frequency in f32 is off by about position * 2^-22 radians.
  double error(const Values& w, const Values& result) const {
    double largest = 1.0;
    for (const double value : result) largest = std::max(largest, std::abs(value));
    const double sums = product_error(w, normed(), 1, w.size() / kColumns, kColumns);
    return (shape.norms ? 4.0 : 2.0) * sums + largest * (op.start.value() * 0x1p-22 + 1e-5);
  }
};

}  // namespace

TEST_CASE("QkvLinear is norm, products, biases, head norms, RoPE and cache write in one dispatch") {
  Random random(51);
  const std::vector<Case> cases{
      {64, 3, 1, true, false, false, false},
      {64, 2, 2, false, true, false, true},
      {80, 2, 1, false, false, false, false},
      {80, 2, 1, true, true, true, false},
      {96, 2, 1, true, false, false, true},
      {128, 4, 2, false, false, true, false},
      {128, 2, 1, true, true, false, false},
      {256, 2, 1, false, false, true, true},
      {256, 1, 1, true, false, false, false},
      {6, 5, 1, false, true, true, false},  // no whole tiles of 4 rows
      {14, 1, 1, true, false, false, false},
  };
  for (const Case& c : sampled(cases)) {
    for (const std::uint32_t start : {0u, 7u}) {
      CAPTURE(c.dim);
      CAPTURE(c.heads);
      CAPTURE(c.interleaved);
      CAPTURE(c.norms);
      CAPTURE(start);
      const std::size_t capacity = 9;
      Projection p(c, start, capacity, random);
      runtime().synchronize();
      const auto before = runtime().stream().statistics().dispatches;
      runtime().run(p.op);
      CHECK(runtime().stream().statistics().dispatches == before + 1);

      const Values q = p.projected(p.wq, p.bq, p.nq, true);
      check_close(download(p.op.q), q, 0x1p-24, p.error(p.wq, q));
      const Values k = p.projected(p.wk, p.bk, p.nk, true);
      const Values v = p.projected(p.wv, p.bv, {}, false);
      const Values have_k = download(p.k_memory);
      const Values have_v = download(p.op.v_cache);
      Values got_k, got_v;
      std::size_t untouched = 0;
      for (std::size_t position = 0; position < capacity; ++position) {
        for (std::size_t i = 0; i < k.size(); ++i) {
          const std::size_t head = i / c.dim, d = i % c.dim;
          const double in_k = have_k[(head * capacity + position) * c.dim + d];
          const double in_v = have_v[position * k.size() + i];
          if (position == start) {
            got_k.push_back(in_k);
            got_v.push_back(in_v);
          } else {
            untouched += std::isnan(in_k) && std::isnan(in_v);
          }
        }
      }
      CHECK(untouched == (capacity - 1) * k.size());
      check_close(got_k, k, 0x1p-11, p.error(p.wk, k));
      check_close(got_v, v, 0x1p-11, p.error(p.wv, v));
    }
  }
}

TEST_CASE("fused equals norm, products and RopeKvWrite by themselves") {
  Random random(52);
  for (const bool interleaved : {false, true}) {
    CAPTURE(interleaved);
    Projection p({64, 3, 1, interleaved, false, false, false}, 5, 9, random);
    runtime().run(p.op);
    const auto q = output({1, 3, 64}, DType::f32);
    const auto k = output({1, 1, 64}, DType::f32);
    const auto v = output({1, 1, 64}, DType::f32);
    const auto k_cache = output({9, 1, 64}, DType::f16);
    const auto v_cache = output({9, 1, 64}, DType::f16);
    runtime().run(FusedKernelBuilder("plain_qkv")
                      .prologue(*p.op.prologue)
                      .main(ops::Linear{p.op.query, {}, {}, {}, {}})
                      .main(ops::Linear{p.op.key, {}, {}, {}, {}})
                      .main(ops::Linear{p.op.value, {}, {}, {}, {}})
                      .build(p.op.x, {q.reshape({192}), k.reshape({64}), v.reshape({64})}));
    runtime().run(ops::RopeKvWrite{q, k, v, k_cache, v_cache, 5, p.op.settings});
    // The same f32 operations, contracted differently; f16 caches may then round the other way.
    check_close(download(p.op.q), download(q), 1e-5, 1e-5);
    const auto row = [](const AnyTensor& cache) { return download(cache.slice(0, 5, 6)); };
    check_close(row(p.k_memory.reshape({9, 1, 64})), row(k_cache), 0x1p-10, 1e-5);
    check_close(row(p.op.v_cache), row(v_cache), 0x1p-10, 1e-5);
  }
}

TEST_CASE("head stages are composed like any other") {
  Random random(53);
  Values w, x, bias, norm;
  const auto weights = random_tensor({128, 64}, DType::q4_0, random, w);
  const auto input = random_tensor({64}, DType::f32, random, x);
  const auto b = random_tensor({128}, DType::f32, random, bias);
  const auto n = random_tensor({64}, DType::f32, random, norm);
  const auto y = output({1, 2, 64}, DType::f32);
  auto kernel = FusedKernelBuilder("heads")
                    .main(ops::Gemv{weights, {}, {}, {}, {}})
                    .epilogue(ops::Bias{b})
                    .epilogue(ops::HeadNorm{n, 1e-6f})
                    .epilogue(ops::Rope{{}, {}, 0, {10000.0f, true, {}}})
                    .build(input, y, 3);
  for (const std::uint32_t start : {3u, 4u}) {
    kernel.start = start;
    runtime().run(kernel);
    Values want = product(w, x, 1, 128, 64);
    for (std::size_t i = 0; i < want.size(); ++i) want[i] += bias[i];
    want = turned(rms_norm(want, norm, 1e-6), 64, start, true, {});
    check_close(download(y), want, 0.0, 1e-5 + product_error(w, x, 1, 128, 64));
  }
}

TEST_CASE("a plain product beside heads writes its rows, whatever the rank of its result") {
  Random random(55);
  Values w, plain_w, x;
  const auto weights = random_tensor({128, 64}, DType::f16, random, w);
  const auto plain = random_tensor({128, 64}, DType::q8_0, random, plain_w);
  const auto input = random_tensor({64}, DType::f32, random, x);
  const auto y = output({1, 2, 64}, DType::f32);
  const auto memory = output({256}, DType::f32);
  const auto result = memory.slice(0, 0, 128);
  for (const Extents& extents : {Extents{128}, Extents{1, 128}, Extents{1, 1, 128}}) {
    CAPTURE(to_string(extents));
    runtime().run(FusedKernelBuilder("beside_heads")
                      .main(ops::Gemv{weights, {}, {}, {}, {}})
                      .epilogue(ops::Rope{})
                      .main(ops::Gemv{plain, {}, {}, {}, {}})
                      .build(input, {y, result.reshape(extents)}, 3));
    const Values want = product(plain_w, x, 1, 128, 64);
    check_close(download(result), want, 0.0, 1e-5 + product_error(plain_w, x, 1, 128, 64));
    for (const double beyond : download(memory.slice(0, 128, 256))) CHECK(std::isnan(beyond));
  }
}

TEST_CASE("what head stages cannot do is refused with the reason") {
  Random random(54);
  Values ignored;
  const auto weights = random_tensor({128, 64}, DType::f16, random, ignored);
  const auto x = random_tensor({64}, DType::f32, random, ignored);
  const auto nine = random_tensor({9, 64}, DType::f32, random, ignored);
  const auto cache = output({9, 2, 64}, DType::f16);
  const auto flat = output({128}, DType::f32);
  const auto heads = output({1, 2, 64}, DType::f32);
  const auto kernel = [&](std::initializer_list<Stage> stages) {
    FusedKernelBuilder builder("k");
    builder.main(ops::Linear{weights, {}, {}, {}, {}});
    for (const Stage& stage : stages) builder.epilogue(stage);
    return builder;
  };
  const ops::Rope rope{};
  const auto run = [](const FusedKernel& fused) { runtime().run(fused); };
  const auto before = runtime().stream().statistics().dispatches;
  CHECK_THROWS_WITH_AS(kernel({rope, ops::Silu()}),
                       "fused kernel k: Silu, an epilogue, cannot follow Rope, a head stage: the "
                       "order is epilogues, HeadNorm and Rope, CacheWrite",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(kernel({rope, rope}),
                       "fused kernel k: Rope is the second stage of its kind after Rope; a product "
                       "has one at most",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("k").prologue(rope),
                       "fused kernel k: Rope is a head stage and cannot be the prologue",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(run(kernel({rope}).build(x, flat)),
                       "k: y is (128,); Rope needs heads (tokens, heads, head_dim)", ShapeError);
  CHECK_THROWS_WITH_AS(run(kernel({ops::CacheWrite()}).build(x, flat)),
                       "k: y is (128,); CacheWrite needs a cache (capacity, heads, head_dim)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run(kernel({rope}).build(x, cache)),
                       "k: y is (9, 2, 64), the result has 1 tokens", ShapeError);
  CHECK_THROWS_WITH_AS(run(kernel({ops::CacheWrite()}).build(x, cache, 9)),
                       "k: position 9, the cache has 9", ShapeError);
  CHECK_THROWS_WITH_AS(run(kernel({rope}).build(x, output({1, 2, 63}, DType::f32))),
                       "k: y is (1, 2, 63), 2 heads of 63; the weights have 128 rows", ShapeError);
  CHECK_THROWS_WITH_AS(
      run(kernel({ops::HeadNorm{x, 1e-6f}}).build(x, output({1, 4, 32}, DType::f32))),
      "k: HeadNorm's norm is (64,): 64 elements where 32 are needed", ShapeError);
  CHECK_THROWS_WITH_AS(
      run(kernel({rope}).build(nine, output({9, 2, 64}, DType::f32))),
      "k: head stages and stores take up to 8 tokens by Gemv, got 9; for more, let the products "
      "write plain results, and run RmsNorm on the heads and RopeKvWrite",
      ArgumentError);
  CHECK_THROWS_WITH_AS(
      run(FusedKernelBuilder("k")
              .main(ops::GatedLinear{weights, weights, {}, {}, {}, ops::Silu(), {}})
              .epilogue(rope)
              .build(x, heads)),
      "k: Rope needs heads, which a gated product has not", ArgumentError);
  CHECK_THROWS_WITH_AS(ops::Rope({{}, {}, 0, {0.0f, true, {}}}).operator Stage(),
                       "Rope: base is 0, not above 0", ArgumentError);
  CHECK(runtime().stream().statistics().dispatches == before);
}
