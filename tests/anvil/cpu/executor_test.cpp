#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cfenv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "kernels.hpp"

using namespace anvil;
using namespace anvil::cpu;
using namespace anvil::test;

namespace {

// Before anything reads it: without validation a simdgroup that has ended counts as arrived.
[[maybe_unused]] const int validated = setenv("ANVIL_VALIDATION", "1", 1);

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

// Sums by position in the grid, as kernels/sum.c does, but one after another.
std::vector<uint32_t> sums(const std::vector<uint32_t>& values, uint32_t per_threadgroup) {
  std::vector<uint32_t> result(values.size() / per_threadgroup);
  for (size_t i = 0; i < values.size(); ++i) result[i / per_threadgroup] += values[i];
  return result;
}

}  // namespace

TEST_CASE("every thread of a grid runs once, in the variant that its threadgroup's size asks for") {
  Executor executor(3);
  int compiled = 0;
  const auto kernel = std::make_unique<Kernel>(image("visit_full"), [&] {
    ++compiled;
    return image("visit_any");
  });
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const auto upto = [&](uint32_t n) { return 1 + static_cast<uint32_t>(random() % n); };
    const std::array<uint32_t, 3> grid{upto(150), upto(9), upto(5)};
    const std::array<uint32_t, 3> size{round % 2 ? 32 * upto(4) : upto(100), upto(4), upto(2)};
    std::vector<uint32_t> visits(size_t{grid[0]} * grid[1] * grid[2]);
    Dispatch dispatch = over_threads(*kernel, grid, size);
    dispatch.buffers[0] = visits.data();
    executor.run(dispatch);
    size_t wrong = 0, at = 0;
    for (uint32_t z = 0; z < grid[2]; ++z)
      for (uint32_t y = 0; y < grid[1]; ++y)
        for (uint32_t x = 0; x < grid[0]; ++x, ++at) {
          uint32_t own[3];
          const uint32_t position[3] = {x, y, z};
          for (int axis = 0; axis < 3; ++axis) {
            const uint32_t start = position[axis] / size[axis] * size[axis];
            own[axis] = std::min(size[axis], grid[axis] - start);
          }
          const bool full = own[0] % 32 == 0 && size[0] % 32 == 0;
          wrong += visits[at] != (full ? 1u : 2u);
        }
    CHECK_MESSAGE(wrong == 0, "grid ", grid[0], "x", grid[1], "x", grid[2], ", threadgroup ",
                  size[0], "x", size[1], "x", size[2]);
  }
  CHECK(compiled == 1);
}

TEST_CASE("the any variant is neither compiled nor loaded before a threadgroup needs it") {
  Executor executor(2);
  const auto kernel = std::make_unique<Kernel>(image("visit_full"), []() -> service::KernelImage {
    throw service::CompileError("the any variant was asked for");
  });
  std::vector<uint32_t> visits(32 * 64 + 1);
  Dispatch even = over_threads(*kernel, {32 * 64, 1, 1}, {64, 1, 1});
  even.buffers[0] = visits.data();
  executor.run(even);
  CHECK(std::accumulate(visits.begin(), visits.end(), 0u) == 32 * 64);
  Dispatch ragged = over_threads(*kernel, {32 * 64 + 1, 1, 1}, {64, 1, 1});
  ragged.buffers[0] = visits.data();
  CHECK(error_of([&] { executor.run(ragged); }) == "the any variant was asked for");
  executor.run(even);  // and the pool goes on
  CHECK(visits[0] == 2);
}

TEST_CASE("simdgroups meet at barriers and keep their stacks, for 1 to 32 of them") {
  const auto kernel = load("sum", true, 32 * 4);
  std::mt19937 random(11);
  for (const unsigned threads : {1u, 4u}) {
    Executor executor(threads);
    for (uint32_t simdgroups = 1; simdgroups <= 32; ++simdgroups) {
      std::vector<uint32_t> values(simdgroups * 32 * 50), out(50);
      for (auto& value : values) value = static_cast<uint32_t>(random());
      Dispatch dispatch = over_threads(*kernel, {static_cast<uint32_t>(values.size()), 1, 1},
                                       {simdgroups * 32, 1, 1});
      dispatch.buffers[0] = values.data();
      dispatch.buffers[1] = out.data();
      executor.run(dispatch);
      CHECK(out == sums(values, simdgroups * 32));
    }
  }
}

TEST_CASE("threadgroup memory, static and by argument, is aligned, apart and null where unset") {
  Executor executor(2);
  const auto kernel = load("memory", false, 256);
  Dispatch dispatch = over_threads(*kernel, {640, 1, 1}, {64, 1, 1});
  std::vector<uint32_t> faults(10, 99);
  dispatch.buffers[0] = faults.data();
  dispatch.threadgroup_memory_length[0] = 5;
  dispatch.threadgroup_memory_length[3] = 200;
  dispatch.threadgroup_memory_length[30] = 16;
  executor.run(dispatch);
  CHECK(faults == std::vector<uint32_t>(10, 0));
}

TEST_CASE("a barrier that only some simdgroups reach is an error, and the pool goes on") {
  Executor executor(3);
  const auto kernel = load("diverge", true);
  for (const uint32_t passing : {1u, 2u, 7u, 1u | 1u << 31, 5u | 1u << 31}) {
    std::vector<uint32_t> arguments{passing, 40}, done(64);
    Dispatch dispatch = over_threads(*kernel, {41 * 256, 1, 1}, {256, 1, 1});
    dispatch.buffers[0] = arguments.data();
    dispatch.buffers[1] = done.data();
    CHECK(
        error_of([&] { executor.run(dispatch); }) ==
        "Anvil: kernel 'diverge', threadgroup (40, 0, 0): only some of its 8 simdgroups reached a "
        "threadgroup_barrier, the others ended");
    arguments[1] = 41;
    executor.run(dispatch);
    CHECK(std::accumulate(done.begin(), done.end(), 0u) == 41);
  }
}

TEST_CASE("kernels run with default rounding and subnormals, whatever the caller has set") {
  Executor executor(1);
  const auto kernel = load("round");
  Dispatch dispatch = over_threads(*kernel, {32, 1, 1}, {32, 1, 1});
  std::vector<float> out(64);
  dispatch.buffers[0] = out.data();
  std::fesetround(FE_DOWNWARD);
  executor.run(dispatch);
  const int after = std::fegetround();
  std::fesetround(FE_TONEAREST);
  CHECK(after == FE_DOWNWARD);
  CHECK(out[0] == 0x1.555556p-2f);  // 1/3 to the nearest; downward it ends in 4
  CHECK(out[1] == 0x1p-127f);
}

TEST_CASE("dispatches from many threads at once, with pauses that put the workers to sleep") {
  Executor executor(4);
  const auto kernel = load("sum", true, 32 * 4);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      std::mt19937 random(static_cast<unsigned>(caller));
      for (int round = 0; round < 200; ++round) {
        const uint32_t simdgroups = 1 + random() % 8, groups = 1 + random() % 40;
        std::vector<uint32_t> values(simdgroups * 32 * groups), out(groups);
        std::iota(values.begin(), values.end(), static_cast<uint32_t>(random()));
        Dispatch dispatch = over_threads(*kernel, {static_cast<uint32_t>(values.size()), 1, 1},
                                         {simdgroups * 32, 1, 1});
        dispatch.buffers[0] = values.data();
        dispatch.buffers[1] = out.data();
        executor.run(dispatch);
        wrong += out != sums(values, simdgroups * 32);
        if (round % 16 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
      }
    });
  for (auto& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("dispatches given together run at one time") {
  Executor executor(2);
  const auto kernel = load("meet");
  uint32_t arrived = 0;
  const uint32_t expected = 2;
  uint32_t seen[2] = {};
  std::vector<Dispatch> dispatches;
  for (uint32_t& own : seen) {
    dispatches.push_back(over_threads(*kernel, {1, 1, 1}, {1, 1, 1}));
    dispatches.back().buffers[0] = &arrived;
    dispatches.back().buffers[1] = const_cast<uint32_t*>(&expected);
    dispatches.back().buffers[2] = &own;
  }
  executor.run(dispatches);
  CHECK(seen[0] == 2);
  CHECK(seen[1] == 2);
}

TEST_CASE("dispatches given together each run whole, whatever their sizes") {
  const auto kernel = load("visit_full");
  std::mt19937 random(3);
  for (const unsigned threads : {1u, 3u}) {
    Executor executor(threads);
    for (int round = 0; round < 300; ++round) {
      std::vector<std::vector<uint32_t>> visits(1 + random() % Executor::kMostTogether);
      std::vector<Dispatch> dispatches;
      for (auto& own : visits) {
        own.resize(32 * (random() % 4 ? random() % 8 : random() % 2000));
        dispatches.push_back(
            over_threads(*kernel, {static_cast<uint32_t>(own.size()), 1, 1}, {32, 1, 1}));
        dispatches.back().buffers[0] = own.data();
      }
      executor.run(dispatches);
      for (const auto& own : visits) CHECK(own == std::vector<uint32_t>(own.size(), 1));
    }
  }
}

TEST_CASE("more threadgroups than are divided at a time") {
  for (const unsigned threads : {1u, 3u}) {
    Executor executor(threads);
    const uint32_t groups = (5u << 19) + 7;
    std::vector<uint32_t> visits(groups);
    const auto kernel = load("visit_full");
    Dispatch dispatch = over_threads(*kernel, {groups, 1, 1}, {1, 1, 1});
    dispatch.buffers[0] = visits.data();
    executor.run(dispatch);
    CHECK(visits == std::vector<uint32_t>(groups, 1));
  }
}

TEST_CASE("sizes that contradict each other are refused with the figures") {
  Executor executor(1);
  const auto kernel = load("visit_full");
  Dispatch dispatch = over_threads(*kernel, {4096, 1, 1}, {2048, 1, 1});
  CHECK(
      error_of([&] { executor.run(dispatch); }) ==
      "Anvil: kernel 'visit_full': threadgroup of (2048, 1, 1) threads, the pipeline allows 1024");
  dispatch.threads_per_threadgroup = {1u << 16, 1u << 16, 1};  // wraps to 0 in 32 bits
  dispatch.threadgroups = {1, 1, 1};
  CHECK(error_of([&] { executor.run(dispatch); }).find("the pipeline allows 1024") !=
        std::string::npos);
  dispatch.threads_per_threadgroup = {0, 1, 1};
  CHECK(error_of([&] { executor.run(dispatch); }) ==
        "Anvil: kernel 'visit_full': threadgroup of (0, 1, 1) threads has a zero extent");
  dispatch = over_threads(*kernel, {100, 1, 1}, {32, 1, 1});
  dispatch.threadgroups = {3, 1, 1};
  CHECK(error_of([&] { executor.run(dispatch); }) ==
        "Anvil: kernel 'visit_full': grid of (100, 1, 1) threads is not covered by (3, 1, 1) "
        "threadgroups of (32, 1, 1)");
  executor.run(over_threads(*kernel, {0, 1, 1}, {32, 1, 1}));  // nothing to do
}

TEST_CASE("a kernel that cannot be loaded is an error that says why") {
  CHECK(error_of([] { load("missing"); }) ==
        "Anvil: compiled kernel cannot be loaded: no kernel's code: it is cut off");
  CHECK(error_of([] { load("empty"); }) ==
        "Anvil: compiled kernel cannot be loaded: no kernel's code: it has no entry "
        "'anvil_entry'");
}

TEST_CASE("a forked child gets an error, not a hang") {
  Executor executor(2);
  const auto kernel = load("visit_full");
  std::vector<uint32_t> visits(64);
  Dispatch dispatch = over_threads(*kernel, {64, 1, 1}, {32, 1, 1});
  dispatch.buffers[0] = visits.data();
  executor.run(dispatch);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string error = error_of([&] { executor.run(dispatch); });
    _exit(error.find("Anvil: this process was forked") == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  executor.run(dispatch);
  CHECK(visits[63] == 2);
}

TEST_CASE("the shared pool takes as many threads as ANVIL_THREADS says, or the affinity mask") {
  // In children: the pool is made once a process.
  const auto in_child = [](const char* value, const std::function<bool()>& check) {
    const pid_t child = fork();
    if (child == 0) {
      value ? setenv("ANVIL_THREADS", value, 1) : unsetenv("ANVIL_THREADS");
      _exit(check() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  CHECK(in_child("3", [] { return Executor::shared().threads() == 3; }));
  CHECK(in_child(nullptr, [] {
    cpu_set_t one;
    sched_getaffinity(0, sizeof one, &one);
    int first = 0;
    while (!CPU_ISSET(first, &one)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    sched_setaffinity(0, sizeof one, &one);
    return Executor::shared().threads() == 1;
  }));
  for (const char* bad : {"0", "-1", "many", "2x", "99999999999"})
    CHECK(in_child(bad, [bad] {
      return error_of([] { Executor::shared(); }) ==
             "Anvil: the environment variable ANVIL_THREADS is '" + std::string(bad) +
                 "'; accepted: a number from 1 to 1024";
    }));
}
