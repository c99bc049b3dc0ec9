#include "random_kernel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

using namespace anvil::oracle;

namespace {

/// Besides this processor, where it has more than they; and for so many of the random kernels.
std::vector<std::string> others() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {"x86-64-v3"};  // AVX2
#endif
  return {};
}
constexpr uint64_t kForOthers = 50;

Case kernel_for_all(uint64_t seed) {
  Case test = random_kernel(seed);
  test.processors = others();
  return test;
}

uint64_t number(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

void report(uint64_t seed, const Case& test, const std::string& difference) {
  FAIL_CHECK("seed ", seed, ": ", difference, "\n", test.source);
  const char* folder = std::getenv("ANVIL_FUZZ_SAVE");
  if (!folder) return;
  const auto size = [](const std::array<uint32_t, 3>& v) {
    return std::to_string(v[0]) + "x" + std::to_string(v[1]) + "x" + std::to_string(v[2]);
  };
  std::ofstream(std::string(folder) + "/seed" + std::to_string(seed) + ".metal")
      << "// seed " << seed << ", grid " << size(test.grid) << ", threadgroup "
      << size(test.threadgroup) << "\n"
      << test.source << "\n/* " << difference << " */\n";
}

}  // namespace

TEST_CASE("random kernels that once failed") {
  // 46359459: the maximum of two halves, narrowed after it was widened, became a call of fmaxf.
  // 2007105, 2008154, 2008230, 2008387: an operation before a break that is always taken left its
  // loop. 2005674: a product of known factors was rounded before the sum that it is fused with.
  // 1000262: lanes of i33, which a loop's closed form brings, lay bit by bit in memory. 89991731:
  // bits inserted in some of the lanes, a vpternlog under a mask that LLVM gets wrong. 90001877:
  // what a loop carries on from an undefined start counted as undefined. 90021691: on AVX2 a bfloat
  // that lives on into another block became a float.
  for (const uint64_t seed : {46359459u, 2007105u, 2008154u, 2008230u, 2008387u, 2005674u, 1000262u,
                              89991731u, 90001877u, 90021691u}) {
    const Case test = kernel_for_all(seed);
    const std::string difference = compare_with_oracle(test).difference;
    if (!difference.empty()) report(seed, test, difference);
  }
}

// The same kernels in each run unless ANVIL_FUZZ_SEED and ANVIL_FUZZ_COUNT say otherwise: a kernel
// takes two seconds of compilation. With ANVIL_FUZZ_SAVE=<folder> the kernels that fail are kept
// there.
TEST_CASE("random kernels give on Anvil, bit by bit, what the interpreter gives") {
  const uint64_t first = number("ANVIL_FUZZ_SEED", 5000);
  const uint64_t count = number("ANVIL_FUZZ_COUNT", 50);
  std::cout << "random kernels: seeds " << first << " to " << first + count - 1 << std::endl;
  // Compiling takes the time: a thread a processor, each with the next seed.
  std::atomic<uint64_t> next{0};
  std::mutex reporting;
  const auto work = [&] {
    for (uint64_t index; (index = next++) < count;) {
      const uint64_t seed = first + index;
      const Case test = index < kForOthers ? kernel_for_all(seed) : random_kernel(seed);
      const std::string difference = compare_with_oracle(test).difference;
      if (difference.empty()) continue;
      std::lock_guard lock(reporting);
      report(seed, test, difference);
    }
  };
  std::vector<std::thread> threads(std::max(std::thread::hardware_concurrency(), 1u));
  for (auto& thread : threads) thread = std::thread(work);
  for (auto& thread : threads) thread.join();
}
