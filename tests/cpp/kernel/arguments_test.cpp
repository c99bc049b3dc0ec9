#include <doctest/doctest.h>

#include "foundry/kernel/arguments.hpp"

using namespace foundry;

namespace app {

using Half = f16;  // an alias is the type that it names

struct ScaledAddParams {
  std::uint32_t count;
  float alpha;
};

struct ScaledAdd {
  In<Half> x;
  std::optional<In<foundry::f32>> bias;
  InOut<f16> y;
  ThreadgroupMemory<float> scratch;
  Constant<std::uint32_t> tile;
  float factor = 1.0f;
  ScaledAddParams params;

  static constexpr auto source = msl("y[gid] = x[gid];");
  DispatchConfig dispatch_config() const { return per_element(params.count); }
};
FOUNDRY_KERNEL(ScaledAdd, x, bias, y, scratch, tile, factor, params);

}  // namespace app

TEST_CASE("a kernel struct describes itself, whatever its fields' types are called") {
  static_assert(DescribedKernel<app::ScaledAdd>);
  app::ScaledAdd kernel;
  kernel.tile.value = 16;
  const KernelDescription description = describe_kernel(kernel);
  CHECK(description.name == "scaled_add");
  CHECK(description.form == KernelDescription::Form::body);
  REQUIRE(description.arguments.size() == 6);
  CHECK(msl_argument(description, 0) == "device const half* x [[buffer(0)]]");
  CHECK(msl_argument(description, 1) ==
        "device const float* bias [[buffer(1), function_constant(has_bias)]]");
  CHECK_FALSE(description.arguments[1].present);
  CHECK(msl_argument(description, 2) == "device half* y [[buffer(2)]]");
  CHECK(msl_argument(description, 3) == "threadgroup float* scratch [[threadgroup(0)]]");
  CHECK(msl_argument(description, 4) == "constant float& factor [[buffer(3)]]");
  CHECK(msl_argument(description, 5) == "constant ScaledAddParams& params [[buffer(4)]]");
  REQUIRE(description.constants.size() == 1);
  CHECK(description.constants[0].name == "tile");
  CHECK(std::get<std::uint32_t>(description.constants[0].value) == 16);
}

TEST_CASE("entry functions are named in snake_case") {
  CHECK(detail::snake_case("ScaledAdd") == "scaled_add");
  CHECK(detail::snake_case("Axpy") == "axpy");
  CHECK(detail::snake_case("RMSNorm") == "rmsnorm");
  CHECK(detail::snake_case("Gemv2D") == "gemv2_d");
}
