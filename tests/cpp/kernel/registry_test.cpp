#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/kernel/registry.hpp"

using namespace foundry;

namespace {

KernelDescription scale(const std::string& factor) {
  KernelDescription kernel;
  kernel.name = "scale";
  kernel.form = KernelDescription::Form::body;
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read_write, DType::f32)};
  kernel.source = {"scale.py", "if (gid < x_size) x[gid] *= " + factor + ";", 1};
  return kernel;
}

}  // namespace

TEST_CASE("one kernel is compiled once, two of one name are two") {
  KernelRegistry registry(Device::system_default());
  const auto first = registry.get(scale("2.0f"));
  CHECK(registry.get(scale("2.0f")) == first);
  const auto second = registry.get(scale("3.0f"));
  CHECK(second != first);
  CHECK(second->hash != first->hash);
  CHECK(registry.statistics().compilations == 2);
  CHECK(registry.statistics().hits == 1);
}

TEST_CASE("constants are part of a kernel's identity") {
  KernelRegistry registry(Device::system_default());
  auto kernel = scale("float(factor)");
  kernel.constants = {{"factor", std::uint32_t{2}}};
  const auto two = registry.get(kernel);
  kernel.constants = {{"factor", std::uint32_t{3}}};
  CHECK(registry.get(kernel) != two);
  CHECK(registry.statistics().kernels == 2);
}

TEST_CASE("threads that ask for one kernel at once compile it once") {
  KernelRegistry registry(Device::system_default());
  std::vector<std::shared_ptr<const CompiledKernel>> kernels(8);
  std::vector<std::jthread> threads;
  for (auto& kernel : kernels) {
    threads.emplace_back([&] { kernel = registry.get(scale("5.0f")); });
  }
  threads.clear();
  for (const auto& kernel : kernels) CHECK(kernel == kernels.front());
  CHECK(registry.statistics().compilations == 1);
}

TEST_CASE("past its capacity the registry drops what was used least recently") {
  KernelRegistry registry(Device::system_default(), 2);
  const auto first = registry.get(scale("1.5f"));
  const auto second = registry.get(scale("2.5f"));
  registry.get(scale("1.5f"));
  registry.get(scale("3.5f"));
  CHECK(registry.statistics().kernels == 2);
  CHECK(registry.statistics().evictions == 1);
  CHECK(registry.get(scale("1.5f")) == first);
  CHECK(registry.get(scale("2.5f")) != second);
}

TEST_CASE("a kernel that does not compile is an error with its file and line, every time") {
  KernelRegistry registry(Device::system_default());
  auto kernel = scale("2.0f");
  kernel.source = {"scale.py", "int fine;\nx[gid] = undeclared_name;\n", 10};
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      registry.get(kernel);
      FAIL("it compiled");
    } catch (const KernelCompileError& error) {
      const std::string text = error.what();
      CHECK(text.starts_with("kernel scale (scale.py:11): "));
      CHECK(text.find("undeclared_name") != text.npos);
    }
  }
  CHECK(registry.statistics().kernels == 0);
}

TEST_CASE("a hand-written signature is checked against the description") {
  KernelRegistry registry(Device::system_default());
  KernelDescription kernel;
  kernel.name = "axpy";
  kernel.arguments = {ArgumentDescription::buffer("y", Access::read_write, DType::f16)};
  kernel.source = {"axpy.metal",
                   "kernel void axpy(device float* y [[buffer(0)]],\n"
                   "                 uint gid [[thread_position_in_grid]]) { y[gid] *= 2; }",
                   1};
  CHECK_THROWS_WITH_AS(
      registry.get(kernel),
      "axpy: argument 0 'y' is 'device half*' in the signature and 'device float*' "
      "in the compiled function",
      SignatureMismatchError);
}
