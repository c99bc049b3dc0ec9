// y = alpha * x + residual, in one description: the struct gives the kernel its MSL signature, its
// buffer indices, its binding and its checks.
#include <foundry/foundry.hpp>

#include <cstdio>
#include <exception>
#include <vector>

using namespace foundry;

struct ScaledAddParams {
  std::uint32_t count;
  float alpha;
};

struct ScaledAdd {
  In<f32> x;
  In<f32> residual;
  Out<f32> y;
  ScaledAddParams params;

  static constexpr auto source = msl(R"(
    if (gid < params.count) y[gid] = params.alpha * x[gid] + residual[gid];
  )");
  DispatchConfig dispatch_config() const { return per_element(params.count); }
};
FOUNDRY_KERNEL(ScaledAdd, x, residual, y, params);

int main() try {
  constexpr std::uint32_t kCount = 4096;
  std::vector<float> host_x(kCount), host_residual(kCount);
  for (std::uint32_t i = 0; i < kCount; ++i) {
    host_x[i] = static_cast<float>(i);
    host_residual[i] = 1.0f;
  }

  Foundry foundry;
  auto x = foundry.alloc<f32>({kCount}, from(host_x));
  auto residual = foundry.alloc<f32>({kCount}, from(host_residual));
  auto y = foundry.alloc<f32>({kCount});
  foundry.run(ScaledAdd{x, residual, y, {kCount, 0.5f}});

  const std::span<const float> result = y.host();  // waits for the device
  for (std::uint32_t i = 0; i < kCount; ++i) {
    if (result[i] != 0.5f * host_x[i] + 1.0f) {
      std::fprintf(stderr, "y[%u] is %g\n", i, static_cast<double>(result[i]));
      return 1;
    }
  }
  std::printf("ok: %u elements on %s\n", kCount, foundry.device().name().c_str());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
