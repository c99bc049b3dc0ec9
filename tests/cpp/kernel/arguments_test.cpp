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

template <class T>
struct Scale {
  In<T> x;
  Out<T> y;
  long long shift = 0;
  unsigned long long other = 0;

  static constexpr auto source = msl("y[gid] = x[gid];");
  DispatchConfig dispatch_config() const { return per_element(1); }
};
template <class T>
FOUNDRY_KERNEL(Scale<T>, x, y, shift, other);

struct Nothing {
  static constexpr auto source = msl("");
  DispatchConfig dispatch_config() const { return per_element(1); }
};
FOUNDRY_KERNEL(Nothing);

enum class Mode : std::uint16_t { off, on };
struct Marker {};
struct Inputs {
  In<f32> x;
  Mode mode = Mode::off;
};
struct Derived : Inputs, Marker {
  const Out<f32> y;

  static constexpr auto source = msl("y[gid] = x[gid];");
  DispatchConfig dispatch_config() const { return per_element(1); }
};
FOUNDRY_KERNEL(Derived, y, x, mode);

/// No aggregate: it has a constructor, and a virtual function.
class Constructed {
 public:
  explicit Constructed(std::uint32_t n) : count(n) {}
  virtual ~Constructed() = default;
  In<f32> x;
  std::uint32_t count;
  InOut<f32> y;

  static constexpr auto source = msl("y[gid] = x[gid];");
  DispatchConfig dispatch_config() const { return per_element(count); }
};
FOUNDRY_KERNEL(Constructed, x, count, y);

class Forgetful {
 public:
  Forgetful() {}
  In<f32> x;
  In<f32> forgotten;
  Out<f32> y;

  static constexpr auto source = msl("y[gid] = x[gid];");
  DispatchConfig dispatch_config() const { return per_element(1); }
};
FOUNDRY_KERNEL(Forgetful, x, y);

// More than Metal has buffers: constants are none.
struct Many {
  Constant<int> a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9;
  Constant<int> c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9;
  static constexpr auto source = msl("");
  DispatchConfig dispatch_config() const { return per_element(1); }
};
FOUNDRY_KERNEL(Many, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9,
               c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9);

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

TEST_CASE("every struct that C++ lets one write is a kernel, and no field is missed") {
  const KernelDescription scale = describe_kernel(app::Scale<bf16>{});
  CHECK(scale.name == "scale");
  CHECK(msl_argument(scale, 0) == "device const bfloat* x [[buffer(0)]]");
  CHECK(msl_argument(scale, 2) == "constant long& shift [[buffer(2)]]");
  CHECK(msl_argument(scale, 3) == "constant ulong& other [[buffer(3)]]");
  CHECK(describe_kernel(app::Nothing{}).arguments.empty());

  const KernelDescription derived = describe_kernel(app::Derived{});
  REQUIRE(derived.arguments.size() == 3);
  CHECK(msl_argument(derived, 0) == "device float* y [[buffer(0)]]");
  CHECK(msl_argument(derived, 1) == "device const float* x [[buffer(1)]]");
  CHECK(msl_argument(derived, 2) == "constant ushort& mode [[buffer(2)]]");

  CHECK(describe_kernel(app::Constructed(3)).arguments.size() == 3);
  CHECK(describe_kernel(app::Many{}).constants.size() == 40);
  CHECK_THROWS_WITH_AS(describe_kernel(app::Forgetful{}),
                       doctest::Contains("FOUNDRY_KERNEL(Forgetful): bytes "), ArgumentError);
}

TEST_CASE("entry functions are named in snake_case") {
  CHECK(detail::snake_case("ScaledAdd") == "scaled_add");
  CHECK(detail::snake_case("Axpy") == "axpy");
  CHECK(detail::snake_case("RMSNorm") == "rmsnorm");
  CHECK(detail::snake_case("Gemv2D") == "gemv2_d");
}
