#include "random_kernel.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>

using namespace anvil::oracle;

namespace {

uint64_t number(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

// New kernels in each run. To see a failure again: ANVIL_FUZZ_SEED=<seed> ANVIL_FUZZ_COUNT=1; with
// ANVIL_FUZZ_SAVE=<folder> the kernels that fail are kept there.
TEST_CASE("random kernels give on Anvil, bit by bit, what the interpreter gives") {
  const uint64_t first = number("ANVIL_FUZZ_SEED", std::random_device()());
  const uint64_t count = number("ANVIL_FUZZ_COUNT", 200);
  std::cout << "random kernels: seeds " << first << " to " << first + count - 1 << std::endl;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const Case test = random_kernel(seed);
    const std::string difference = compare_with_oracle(test).difference;
    if (difference.empty()) continue;
    FAIL_CHECK("seed ", seed, ": ", difference, "\n", test.source);
    if (const char* folder = std::getenv("ANVIL_FUZZ_SAVE"))
      std::ofstream(std::string(folder) + "/seed" + std::to_string(seed) + ".metal")
          << "// seed " << seed << ", grid " << test.grid[0] << "x" << test.grid[1] << "x"
          << test.grid[2] << ", threadgroup " << test.threadgroup[0] << "x" << test.threadgroup[1]
          << "x" << test.threadgroup[2] << ": " << difference << "\n"
          << test.source;
  }
}
