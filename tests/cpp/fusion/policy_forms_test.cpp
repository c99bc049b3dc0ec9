// Both forms of every policy, whatever the device: the one for GPUs and NarrowLanes.
#include "foundry/fusion/policy.hpp"
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

/// One form of a policy, position() and dot() over one row: `ones` gets dot() of every unit vector,
/// at its position; `sums` dot() of x, one value per lane of each step.
struct Recipe {
  DType weights;
  bool narrow;

  std::uint32_t width() const { return policy_width(policy_of(weights, "test"), narrow); }

  KernelDescription describe() const {
    const Policy& policy = policy_of(weights, "test");
    KernelDescription kernel;
    kernel.name = "policy_form";
    kernel.arguments = {ArgumentDescription::buffer("weights", Access::read, weights),
                        ArgumentDescription::buffer("x", Access::read, DType::f32),
                        ArgumentDescription::buffer("ones", Access::write, DType::f32),
                        ArgumentDescription::buffer("sums", Access::write, DType::f32)};
    kernel.includes = {std::string(policy.file)};
    kernel.aliases = {{"Weights", msl_policy(policy, narrow)}};
    kernel.source.text = concat("FOUNDRY_GLOBAL uint kWidth = ", width(), ";\n", R"(
kernel void policy_form(FOUNDRY_ARGUMENTS) {
  const uint lane = thread_index_in_simdgroup;
  const uint step = threadgroup_position_in_grid.x;
  const uint first = step * 32 * kWidth;
  device const Weights::Block* blocks = weights + first / Weights::kBlock;
  float values[kWidth];
  for (uint j = 0; j < kWidth; ++j) values[j] = x[first + Weights::position(lane, j)];
  sums[step * 32 + lane] = Weights::dot(blocks, lane, values);
  for (uint j = 0; j < kWidth; ++j) {
    for (uint i = 0; i < kWidth; ++i) values[i] = i == j ? 1.0f : 0.0f;
    ones[first + Weights::position(lane, j)] = Weights::dot(blocks, lane, values);
  }
}
)");
    return kernel;
  }
};

struct PolicyForm {
  AnyTensor weights;  // (columns,), whole steps
  AnyTensor x;        // (columns,)
  AnyTensor ones;     // (columns,)
  AnyTensor sums;     // (columns / width,)
  bool narrow = false;

  void encode(Encoder& encoder) const {
    const Recipe recipe{.weights = weights.dtype(), .narrow = narrow};
    encoder.dispatch(*encoder.kernel(recipe), {weights, x, ones, sums},
                     threadgroups_of(1, weights.count() / 32 / recipe.width()));
  }
};

}  // namespace

TEST_CASE("dot() of unit vectors is value(), and every weight has one position") {
  Random random(31);
  for (const DType dtype : sampled(weight_dtypes())) {
    const Policy& policy = policy_of(dtype, "test");
    for (const bool narrow : {false, true}) {
      CAPTURE(policy.name);
      CAPTURE(narrow);
      const std::size_t columns = 1024;
      Values w, x;
      const auto weights = random_tensor({1, columns}, policy.dtype, random, w);
      const auto input = random_tensor({columns}, DType::f32, random, x);
      const auto ones = output({columns}, DType::f32);
      const auto sums = output({columns / policy_width(policy, narrow)}, DType::f32);
      runtime().run(PolicyForm{weights.reshape({columns}), input, ones, sums, narrow});
      const auto values = output({1, columns}, DType::f32);
      Values zero{0};
      runtime().run(ops::Embedding{weights, upload({1}, DType::i32, zero), values});
      // Products of codes and scales are exact in f32, so that one rounding is left in both.
      CHECK(download(ones) == download(values));

      // A form may take its offset, as large as the largest weight, out of the sum.
      double total = 0.0;
      for (const double sum : download(sums)) total += sum;
      double largest = 0.0;
      for (const double weight : w) largest = std::max(largest, std::abs(weight));
      const Values bound(columns, largest);
      check_close({total}, product(w, x, 1, 1, columns), 0.0,
                  product_error(bound, x, 1, 1, columns));
    }
  }
}
