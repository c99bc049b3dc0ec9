#include <doctest/doctest.h>

#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

struct Case {
  std::size_t tokens, rows, columns;
};

/// Ragged ones: not multiples of 32 or of any tile, one row, one column (where the dtype allows
/// it).
std::vector<Case> cases(DType dtype) {
  if (info(dtype).block_elements == 256) {
    return {{1, 1, 256},   {1, 37, 768}, {1, 130, 512}, {1, 3, 4096},
            {1, 35, 4352}, {5, 70, 256}, {33, 9, 1280}};
  }
  if (info(dtype).block_elements == 64)
    return {{1, 1, 64},   {1, 37, 192},  {1, 130, 576}, {1, 65, 1088},
            {1, 3, 4096}, {1, 35, 4160}, {5, 70, 64},   {33, 9, 192}};
  if (is_block(dtype))
    return {{1, 1, 32},   {1, 37, 96},   {1, 130, 576}, {1, 65, 1056},
            {1, 3, 4096}, {1, 35, 4128}, {5, 70, 64},   {33, 9, 160}};
  return {{1, 1, 1}, {1, 5, 33},   {1, 37, 100}, {1, 130, 576},
          {2, 1, 7}, {33, 70, 65}, {40, 64, 32}};
}

/// Products are exact to f32 accumulation; then the result is rounded once to its own type.
void check_product(const AnyTensor& y, const Values& want, double error) {
  check_close(download(y), want, storage_error(y.dtype()), error);
}

}  // namespace

TEST_CASE("y = W x for every policy and ragged shapes") {
  Random random(1);
  for (const DType dtype : sampled(weight_dtypes())) {
    for (const auto& [tokens, rows, columns] : cases(dtype)) {
      CAPTURE(name_of(dtype));
      CAPTURE(tokens);
      CAPTURE(rows);
      CAPTURE(columns);
      Values w, x;
      const auto weights = random_tensor({rows, columns}, dtype, random, w);
      const auto input = random_tensor({tokens, columns}, DType::f32, random, x);
      const auto y = output({tokens, rows}, DType::f32);
      runtime().run(ops::Linear{weights, input, y, {}, {}});
      check_product(y, product(w, x, tokens, rows, columns),
                    product_error(w, x, tokens, rows, columns, dtype));
    }
  }
}

TEST_CASE("gemm and gemv agree for one token") {
  Random random(2);
  for (const DType dtype : sampled(weight_dtypes())) {
    CAPTURE(name_of(dtype));
    Values w, x;
    const auto weights = random_tensor({77, 256}, dtype, random, w);
    const auto input = random_tensor({1, 256}, DType::f16, random, x);
    const auto by_gemv = output({1, 77}, DType::f32);
    const auto by_gemm = output({1, 77}, DType::f32);
    runtime().run(ops::Gemv{weights, input, by_gemv, {}, {}});
    runtime().run(ops::Gemm{weights, input, by_gemm, {}, {}});
    check_close(download(by_gemv), download(by_gemm), 0.0, product_error(w, x, 1, 77, 256, dtype));
  }
}

TEST_CASE("rows per simdgroup and simdgroups change nothing but speed") {
  Random random(3);
  Values w, x;
  const auto weights = random_tensor({45, 96}, DType::q8_0, random, w);
  const auto input = random_tensor({96}, DType::f32, random, x);
  const Values want = product(w, x, 1, 45, 96);
  for (const std::uint32_t rows : {1u, 2u, 8u}) {
    for (const std::uint32_t simdgroups : {1u, 3u, 8u}) {
      const auto y = output({45}, DType::f32);
      runtime().run(ops::Gemv{weights, input, y, {}, {}, rows, simdgroups});
      check_product(y, want, product_error(w, x, 1, 45, 96));
    }
  }
}

TEST_CASE("prologue, epilogues and store are one kernel with the result of many") {
  Random random(4);
  for (const std::size_t tokens : {1, 35}) {
    for (const DType type : {DType::f32, DType::f16}) {
      CAPTURE(tokens);
      CAPTURE(name_of(type));
      const std::size_t rows = 70, columns = 96;
      Values w, x, gamma, bias, factor, residual;
      const auto weights = random_tensor({rows, columns}, DType::q4_1, random, w, 0.1);
      const auto input = random_tensor({tokens, columns}, type, random, x);
      const auto norm = random_tensor({columns}, DType::f32, random, gamma);
      const auto b = random_tensor({rows}, type, random, bias);
      const auto f = random_tensor({tokens, rows}, type, random, factor);
      const auto r = random_tensor({tokens, rows}, type, random, residual);
      const auto y = output({tokens, rows}, type);
      runtime().run(FusedKernelBuilder("mlp_in")
                        .prologue(ops::RmsNorm{norm, 1e-5f, {}, {}})
                        .main(ops::Linear{weights, {}, {}, {}, {}})
                        .epilogue(ops::Bias{b})
                        .epilogue(ops::Silu())
                        .epilogue(ops::Multiply{f})
                        .epilogue(ops::Residual{r})
                        .build(input, y));
      const Values normed = rms_norm(x, gamma, 1e-5);
      Values want = product(w, normed, tokens, rows, columns);
      const double error = product_error(w, normed, tokens, rows, columns);
      double gain = 1.0;
      for (std::size_t i = 0; i < want.size(); ++i) {
        want[i] = silu(want[i] + bias[i % rows]) * factor[i] + residual[i];
        gain = std::max(gain, 1.1 * std::abs(factor[i]));  // silu's slope is at most 1.1
      }
      // The norm's own rounding: about 4 float operations per element.
      check_close(download(y), want, storage_error(type), 2.0 * gain * error + 1e-6);
    }
  }
}

TEST_CASE("fused equals unfused") {
  Random random(5);
  Values ignored;
  const auto weights = random_tensor({64, 64}, DType::f16, random, ignored);
  const auto x = random_tensor({64}, DType::f32, random, ignored);
  const auto gamma = random_tensor({64}, DType::f32, random, ignored);
  const auto residual = random_tensor({64}, DType::f32, random, ignored);
  const auto normed = output({64}, DType::f32);
  const auto projected = output({64}, DType::f32);
  const auto unfused = output({64}, DType::f32);
  const auto fused = output({64}, DType::f32);
  runtime().run(ops::RmsNorm{gamma, 1e-5f, x, normed});
  runtime().run(ops::Gemv{weights, normed, projected, {}, {}});
  runtime().run(ops::Add{projected, residual, unfused});
  runtime().run(
      ops::Gemv{weights, x, fused, ops::RmsNorm{gamma, 1e-5f, {}, {}}, {ops::Residual{residual}}});
  // The same operations in f32, but the compiler may contract them differently.
  check_close(download(fused), download(unfused), 1e-5, 1e-5);
}

TEST_CASE("several products of one input, each with its own policy, are one dispatch") {
  Random random(6);
  const std::size_t columns = 96;
  for (const std::size_t tokens : {1, 34}) {
    CAPTURE(tokens);
    Values x, q, k, v, bias;
    const auto input = random_tensor({tokens, columns}, DType::f32, random, x);
    const auto wq = random_tensor({50, columns}, DType::q4_1, random, q);
    const auto wk = random_tensor({7, columns}, DType::q8_0, random, k);
    const auto wv = random_tensor({70, columns}, DType::f16, random, v);
    const auto b = random_tensor({7}, DType::f32, random, bias);
    const auto yq = output({tokens, 50}, DType::f32);
    const auto yk = output({tokens, 7}, DType::f32);
    const auto yv = output({tokens, 70}, DType::f32);
    runtime().synchronize();
    const auto before = runtime().stream().statistics().dispatches;
    runtime().run(FusedKernelBuilder("qkv")
                      .main(ops::Linear{wq, {}, {}, {}, {}})
                      .main(ops::Linear{wk, {}, {}, {}, {}})
                      .epilogue(ops::Bias{b})
                      .main(ops::Linear{wv, {}, {}, {}, {}})
                      .build(input, {yq, yk, yv}));
    CHECK(runtime().stream().statistics().dispatches == before + 1);
    check_product(yq, product(q, x, tokens, 50, columns), product_error(q, x, tokens, 50, columns));
    Values want = product(k, x, tokens, 7, columns);
    for (std::size_t i = 0; i < want.size(); ++i) want[i] += bias[i % 7];
    check_product(yk, want, product_error(k, x, tokens, 7, columns) + 1e-6);
    check_product(yv, product(v, x, tokens, 70, columns), product_error(v, x, tokens, 70, columns));
  }
}

TEST_CASE("a gated product is SwiGLU or GeGLU in one kernel, gate and up of any two policies") {
  Random random(7);
  const std::size_t columns = 256, rows = 41;
  for (const std::size_t tokens : {1, 3}) {
    for (const bool use_gelu : {false, true}) {
      CAPTURE(tokens);
      CAPTURE(use_gelu);
      Values x, g, u;
      const auto input = random_tensor({tokens, columns}, DType::f32, random, x);
      const auto [gate_type, up_type] =
          tokens == 1 ? std::pair(DType::q4_k, DType::q6_k) : std::pair(DType::q5_0, DType::q5_k);
      const auto gate = random_tensor({rows, columns}, gate_type, random, g, 0.2);
      const auto up = random_tensor({rows, columns}, up_type, random, u, 0.2);
      const auto y = output({tokens, rows}, DType::f32);
      ops::GatedLinear op{gate, up, input, y, {}, ops::Silu(), {}};
      if (use_gelu) op.activation = ops::Gelu();
      runtime().run(op);
      const Values gates = product(g, x, tokens, rows, columns);
      Values want = product(u, x, tokens, rows, columns);
      const double gate_error = product_error(g, x, tokens, rows, columns, gate_type);
      const double up_error = product_error(u, x, tokens, rows, columns, up_type);
      double largest_gate = 0.0, largest_up = 0.0;
      for (std::size_t i = 0; i < want.size(); ++i) {
        largest_up = std::max(largest_up, std::abs(want[i]));
        largest_gate = std::max(largest_gate, std::abs(gates[i]));
        want[i] *= use_gelu ? gelu(gates[i]) : silu(gates[i]);
      }
      check_close(download(y), want, 1e-5,
                  1.2 * gate_error * largest_up + up_error * largest_gate + 1e-6);
    }
  }
}

TEST_CASE("what does not fit is refused with the figures, before anything is encoded") {
  Random random(8);
  Values ignored;
  const auto weights = random_tensor({64, 96}, DType::f16, random, ignored);
  const auto x = random_tensor({64}, DType::f32, random, ignored);
  const auto y = output({64}, DType::f32);
  const auto x96 = random_tensor({96}, DType::f32, random, ignored);
  const auto nine = random_tensor({9, 96}, DType::f32, random, ignored);
  const auto ids = runtime().empty({96}, DType::i32);
  const auto before = runtime().stream().statistics().dispatches;
  CHECK_THROWS_WITH_AS(runtime().run(ops::Gemv{weights, x, y, {}, {}}),
                       "Gemv: weights are (64, 96), x is (64,): inner sizes 96 and 64 differ",
                       ShapeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Gemv{weights, nine, y, {}, {}}),
                       "Gemv: x is (9, 96): a gemv takes up to 8 tokens, got 9", ShapeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Gemv{weights, x96, x96, {}, {}}),
                       "Gemv: y is (96,), the result is (1, 64)", ShapeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Gemv{weights, {}, y, {}, {}}), "Gemv: x is missing",
                       ArgumentError);
  CHECK_THROWS_AS(runtime().run(ops::Gemv{weights, ids, y, {}, {}}), DTypeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Gemv{weights, x96, y, {}, {ops::Bias{x96}}}),
                       "Gemv: Bias's bias is (96,): 96 elements where 64 are needed", ShapeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Gemv{weights, x96, y, {}, {}, 9}),
                       "Gemv: 9 rows per simdgroup and 0 simdgroups, up to 8 and 32 are possible",
                       ArgumentError);
  CHECK(runtime().stream().statistics().dispatches == before);
}
