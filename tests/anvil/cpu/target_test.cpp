#include "anvil/cpu/target.hpp"

#include <doctest/doctest.h>

#include "anvil/cpu/host_cpu.hpp"
#include "scratch.hpp"

using namespace anvil;
using namespace anvil::cpu;
using anvil::test::Environment;
using Options = std::vector<std::string>;

TEST_CASE("kernels are compiled for the processor that runs them, which their key names") {
  const Environment cpu("ANVIL_CPU", std::nullopt), triple("ANVIL_TARGET", std::nullopt);
  const service::Target target = target_of(Variant::full);
  CHECK(target.format == "elf");
  CHECK(target.options == Options{"--cpu", "host", "--variant", "full"});
  CHECK(target.identity == host_cpu_identity());
  CHECK(target_of(Variant::any).options == Options{"--cpu", "host", "--variant", "any"});
}

TEST_CASE("or for the processor and the architecture of the environment") {
  const Environment cpu("ANVIL_CPU", "cortex-a76"), triple("ANVIL_TARGET", "aarch64-linux-gnu");
  const service::Target target = target_of(Variant::any);
  CHECK(target.options ==
        Options{"--cpu", "cortex-a76", "--target", "aarch64-linux-gnu", "--variant", "any"});
  CHECK(target.identity.empty());
}
