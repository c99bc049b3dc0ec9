// All forms of a gemm, by lanes, on simdgroup matrices and on tiles, at the edges of their tiles.
#include "foundry/fusion/linear_plan.hpp"
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

const std::string& kName = intern("edges");
constexpr LinearForm kForms[] = {LinearForm::gemm_lanes, LinearForm::gemm_matrices,
                                 LinearForm::gemm_tiles};

/// What a form makes of a bound on f32's sums: halves of bfloats leave 2^-18 of each factor, and of
/// the product of their low halves, which is not there.
double error_of(LinearForm form, double sums) {
  return form == LinearForm::gemm_tiles ? sums * (1.0 + 0x3p-18 / (0x1p-24 * 16.0)) : sums;
}

FusedKernel gemm(LinearForm form, const AnyTensor& weights, const AnyTensor& x,
                 const AnyTensor& y) {
  FusedKernel kernel;
  kernel.name = &kName;
  kernel.x = x;
  kernel.options.form = form;
  if (form == LinearForm::gemm_tiles) {
    kernel.scratch = output({linear_scratch(x.extents()[0], x.extents()[1])}, DType::bf16);
  }
  kernel.products.push_back({.weights = weights, .y = y});
  return kernel;
}

void check_edges(LinearForm form, DType dtype, std::size_t tokens, std::size_t rows,
                 std::size_t columns, Random& random) {
  CAPTURE(static_cast<int>(form));
  CAPTURE(name_of(dtype));
  CAPTURE(tokens);
  CAPTURE(rows);
  CAPTURE(columns);
  Values w, x;
  const auto weights = random_tensor({rows, columns}, dtype, random, w);
  const auto input = random_tensor({tokens, columns}, DType::f32, random, x);
  // A guard row after the result: nothing may be written past it.
  const auto memory = output({tokens + 1, rows}, DType::f32);
  const auto y = memory.slice(0, 0, static_cast<std::int64_t>(tokens));
  runtime().run(gemm(form, weights, input, y));
  const Values have = download(memory);
  const Values result(have.begin(), have.end() - static_cast<std::ptrdiff_t>(rows));
  check_close(result, product(w, x, tokens, rows, columns), 0x1p-24,
              error_of(form, product_error(w, x, tokens, rows, columns)));
  CHECK(std::all_of(have.end() - static_cast<std::ptrdiff_t>(rows), have.end(),
                    [](double value) { return std::isnan(value); }));
}

}  // namespace

TEST_CASE("tokens and rows around multiples of the tile, one token, one row") {
  Random random(61);
  for (const LinearForm form : kForms) {
    const detail::GemmTile& tile = detail::tile_of(form);
    for (const std::size_t tokens :
         {std::size_t{1}, std::size_t{tile.tokens} - 1, std::size_t{tile.tokens},
          std::size_t{tile.tokens} + 1, std::size_t{2 * tile.tokens}}) {
      for (const std::size_t rows :
           {std::size_t{1}, std::size_t{tile.rows} - 1, std::size_t{tile.rows},
            std::size_t{tile.rows} + 1, std::size_t{2 * tile.rows}}) {
        check_edges(form, DType::q4_1, tokens, rows, 64, random);
      }
    }
  }
}

TEST_CASE("columns around multiples of the depth, for every policy") {
  Random random(62);
  for (const LinearForm form : kForms) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      for (const std::size_t columns : {1u, 31u, 33u, 64u}) {
        check_edges(form, dtype, 33, 65, columns, random);
      }
    }
    for (const DType dtype : {DType::q8_0, DType::q4_0, DType::q4_1}) {
      for (const std::size_t columns : {32u, 96u})
        check_edges(form, dtype, 33, 65, columns, random);
    }
    for (const std::size_t columns : {127u, 129u, 300u})  // chunks of tiles
      check_edges(form, DType::f16, 33, 65, columns, random);
  }
}

TEST_CASE("by lanes, on matrices and on tiles, everything fused is the same") {
  Random random(63);
  const std::size_t tokens = 37, rows = 70, columns = 96;
  Values x, gamma, g, u, bias, residual;
  const auto input = random_tensor({tokens, columns}, DType::f32, random, x);
  const auto norm = random_tensor({columns}, DType::f32, random, gamma);
  const auto gate = random_tensor({rows, columns}, DType::q4_1, random, g, 0.1);
  const auto up = random_tensor({rows, columns}, DType::q8_0, random, u, 0.1);
  const auto b = random_tensor({rows}, DType::f32, random, bias);
  const auto r = random_tensor({tokens, rows}, DType::f32, random, residual);
  const Values normed = rms_norm(x, gamma, 1e-5);
  const Values gates = product(g, normed, tokens, rows, columns);
  const Values ups = product(u, normed, tokens, rows, columns);
  const double gate_error = product_error(g, normed, tokens, rows, columns);
  const double up_error = product_error(u, normed, tokens, rows, columns);
  Values mixed(ups.size());
  double largest_gate = 0.0, largest_up = 0.0;
  for (std::size_t i = 0; i < ups.size(); ++i) {
    largest_gate = std::max(largest_gate, std::abs(gates[i]));
    largest_up = std::max(largest_up, std::abs(ups[i]));
    mixed[i] = silu(gates[i]) * ups[i] + bias[i % rows] + residual[i];
  }
  for (const LinearForm form : kForms) {
    CAPTURE(static_cast<int>(form));
    const auto y = output({tokens, rows}, DType::f16);
    const auto plain = output({tokens, rows}, DType::f32);
    FusedKernel kernel = gemm(form, up, input, y);
    kernel.prologue = ops::RmsNorm{norm, 1e-5f, {}, {}};
    kernel.products[0].gate = gate;
    kernel.products[0].activation = ops::Silu();
    kernel.products[0].epilogues = {ops::Bias{b}, ops::Residual{r}};
    kernel.products.push_back({.weights = up, .y = plain});  // a second product in the same grid
    runtime().run(kernel);
    // The norm's own rounding is below the sums' bound; silu's slope is at most 1.1.
    check_close(
        download(y), mixed, 0x1p-11,
        error_of(form, 2.0 * (1.1 * gate_error * largest_up + up_error * largest_gate)) + 1e-5);
    check_close(download(plain), ups, 0x1p-24, error_of(form, 2.0 * up_error) + 1e-6);
  }
}

TEST_CASE("tiles need scratch of their own") {
  const auto weights = output({8, 64}, DType::f32), x = output({3, 64}, DType::f32);
  FusedKernel kernel = gemm(LinearForm::gemm_tiles, weights, x, output({3, 8}, DType::f32));
  const AnyTensor whole = kernel.scratch;
  kernel.scratch = {};
  CHECK_THROWS_WITH_AS(runtime().run(kernel), "edges: scratch, which gemm_tiles needs, is missing",
                       ArgumentError);
  kernel.scratch = whole.slice(0, 0, 383);
  CHECK_THROWS_WITH_AS(runtime().run(kernel),
                       "edges: scratch is (383,): 383 elements where 384 are needed", ShapeError);
  kernel.scratch = x;
  CHECK_THROWS_WITH_AS(runtime().run(kernel), doctest::Contains("edges: scratch takes bf16, got"),
                       DTypeError);
}
