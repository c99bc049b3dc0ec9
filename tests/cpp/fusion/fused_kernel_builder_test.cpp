#include <doctest/doctest.h>

#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

ops::Gemv gemv() {
  Random random(1);
  Values ignored;
  return {random_tensor({8, 32}, DType::q4_1, random, ignored), {}, {}, {}, {}};
}

}  // namespace

TEST_CASE("stages that cannot stand together are refused with the reason") {
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("mlp_in").prologue(ops::Silu()),
                       "fused kernel mlp_in: Silu is an epilogue and cannot be the prologue",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("a").epilogue(ops::Silu()),
                       "fused kernel a: Silu has no main stage before it", ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("a").main(gemv()).epilogue(ops::RmsNorm{}),
                       "fused kernel a: RmsNorm is a prologue and cannot be an epilogue",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("a").prologue(ops::RmsNorm{}).prologue(ops::RmsNorm{}),
                       "fused kernel a: it has a prologue already, RmsNorm; a second one, RmsNorm, "
                       "would need the first one's whole result",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("a").main(gemv()).prologue(ops::RmsNorm{}),
                       "fused kernel a: the prologue comes before the main stage", ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("a").main(ops::Attention{}),
                       "fused kernel a: Attention cannot be fused: its result is mixed over "
                       "positions, not one product per row",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("a").build({}, AnyTensor()),
                       "fused kernel a: it has no main stage", ArgumentError);
  CHECK_THROWS_WITH_AS(FusedKernelBuilder("a").main(gemv()).build({}, std::vector<AnyTensor>(2)),
                       "fused kernel a: 1 main stages, 2 outputs", ArgumentError);
}

TEST_CASE("the generated source can be read, and names every stage's file") {
  Random random(2);
  Values ignored;
  const auto x = random_tensor({32}, DType::f16, random, ignored);
  const auto gamma = random_tensor({32}, DType::f32, random, ignored);
  const auto y = output({8}, DType::f16);
  const auto kernel = FusedKernelBuilder("mlp_in")
                          .prologue(ops::RmsNorm{gamma, 1e-5f, {}, {}})
                          .main(gemv())
                          .epilogue(ops::Silu())
                          .build(x, y);
  const std::string source = kernel.describe(runtime().device()).msl();
  for (const char* part :
       {"kernel void mlp_in(", "#line 1 \"stages/rms_norm.metal\"", "#line 1 \"stages/gemv.metal\"",
        "#line 1 \"policies/q4_1.metal\"", "#line 1 \"stages/silu.metal\"",
        "device const Q4_1Block* weights0 [[buffer(3)]]"}) {
    CAPTURE(part);
    CHECK(source.find(part) != source.npos);
  }
}

namespace broken {
constexpr StageType kStage{
    .kind = StageKind::epilogue, .name = "Broken", .file = "stages/broken.metal"};
}

TEST_CASE("a stage that does not compile is named with its file and line") {
  register_shader("stages/broken.metal",
                  "#include \"lib/epilogue.metal\"\n\nstruct Broken {\n"
                  "  float apply(float value, uint, uint, uint) const { return value + nothing; }\n"
                  "};\n");
  Random random(3);
  Values ignored;
  const auto x = random_tensor({32}, DType::f32, random, ignored);
  const auto kernel = FusedKernelBuilder("mlp_in")
                          .main(gemv())
                          .epilogue(Stage{.type = &broken::kStage})
                          .build(x, output({8}, DType::f32));
  try {
    runtime().run(kernel);
    FAIL("it compiled");
  } catch (const KernelCompileError& error) {
    const std::string text = error.what();
    CHECK(text.starts_with("fused kernel mlp_in, stage broken (stages/broken.metal:4): "));
    CHECK(text.find("nothing") != text.npos);
  }
}
