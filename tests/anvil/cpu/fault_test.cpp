// Kernels that touch what is not theirs, never end or cannot go on, and what becomes of the
// process.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "anvil/cpu/kernel_fault.hpp"
#include "kernels.hpp"

using namespace anvil;
using namespace anvil::cpu;
using namespace anvil::test;
using namespace std::chrono_literals;

namespace {

enum class Order : uint32_t { nothing, read, write, divide, recurse, spin, trap, meet, fill };

struct Orders {
  Order what;
  uint32_t lane;
  uint64_t address;
};

/// 4 threadgroups of 4 simdgroups.
struct Bench {
  static constexpr uint32_t kLanes = 512;

  explicit Bench(unsigned threads, bool barriers = true)
      : executor(threads), kernel(load("misbehave", barriers)), counts(kLanes) {}

  Dispatch dispatch() {
    Dispatch dispatch = over_threads(*kernel, {kLanes, 1, 1}, {128, 1, 1});
    dispatch.buffers[1] = &orders;
    dispatch.buffers[2] = counts.data();
    return dispatch;
  }

  std::optional<KernelFault> fault(Order what, uint32_t lane, const void* address = nullptr,
                                   RunControl* control = nullptr) {
    orders = {what, lane, reinterpret_cast<uint64_t>(address)};
    const Dispatch one = dispatch();
    try {
      executor.run({&one, 1}, control);
    } catch (const KernelFault& fault) {
      return fault;
    }
    return {};
  }

  /// Whether everything runs as if nothing had been.
  bool works() {
    std::fill(counts.begin(), counts.end(), 0u);
    return !fault(Order::nothing, 0) && counts == std::vector<uint32_t>(kLanes, 1);
  }

  TrapStack stack;
  Executor executor;
  std::unique_ptr<Kernel> kernel;
  Orders orders{};
  std::vector<uint32_t> counts;
};

/// Two pages that nobody may touch.
struct Nothing {
  Nothing() : memory(mmap(nullptr, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~Nothing() { munmap(memory, 8192); }
  void* memory;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// An emulated arm64 does not say whether it read or wrote: qemu's user mode leaves the syndrome
/// out of a signal's context.
Trap::Access expected_access(Order what) {
#if defined(__aarch64__)
  if (std::getenv("ANVIL_TARGET")) return Trap::Access::unknown;
#endif
  return what == Order::write ? Trap::Access::write : Trap::Access::read;
}

std::string words_of(Trap::Access access) {
  return access == Trap::Access::write  ? "write to"
         : access == Trap::Access::read ? "read of"
                                        : "access to";
}

/// How a child process that runs `action` ends.
[[maybe_unused]] int status_of(const std::function<void()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    close(1);  // doctest's handlers have much to say
    action();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("an access to memory that is not there is an error, with or without barriers") {
  const Nothing nowhere;
  for (const unsigned threads : {1u, 3u})
    for (const bool barriers : {false, true}) {
      Bench bench(threads, barriers);
      for (int round = 0; round < 20; ++round) {
        const uint32_t lane = static_cast<uint32_t>(round) * 97 % Bench::kLanes;
        const Order what = round % 2 ? Order::write : Order::read;
        const auto fault = bench.fault(what, lane, static_cast<char*>(nowhere.memory) + 40);
        REQUIRE(fault);
        CHECK(fault->kind == KernelFault::Kind::memory);
        CHECK(fault->has_address);
        CHECK(fault->address == reinterpret_cast<uintptr_t>(nowhere.memory) + 40);
        CHECK(fault->access == expected_access(what));
        const std::string text = fault->what();
        CHECK(contains(text, "kernel 'misbehave', threadgroup (" + std::to_string(lane / 128) +
                                 ", 0, 0): " + words_of(expected_access(what)) + " memory at 0x"));
        CHECK(bench.works());
      }
      CHECK(contains(bench.fault(Order::read, 3, nullptr)->what(),
                     words_of(expected_access(Order::read)) + " a null pointer, address 0x0"));
#if defined(__x86_64__)
      const auto wild =
          bench.fault(Order::write, 3, reinterpret_cast<void*>(0xdead'0000'0000'0000));
      REQUIRE(wild);
      CHECK_FALSE(wild->has_address);
      CHECK(contains(wild->what(), "a pointer that holds no address"));
#endif
#if !defined(__has_feature) || !__has_feature(address_sanitizer)  // whose memset looks ahead
      CHECK(bench.fault(Order::fill, 3, nowhere.memory)->kind == KernelFault::Kind::memory);
#endif
      CHECK(bench.works());
    }
}

TEST_CASE("what the processor refuses to execute is an error") {
  Bench bench(2);
#if defined(__x86_64__)
  CHECK(contains(bench.fault(Order::divide, 200)->what(), "an integer division"));
#endif
  const auto fault = bench.fault(Order::trap, 200);
  REQUIRE(fault);
#if defined(__x86_64__)
  CHECK(fault->kind == KernelFault::Kind::invalid_code);
  CHECK(contains(fault->what(), "code that cannot be executed"));
#endif
  CHECK(bench.works());
}

TEST_CASE("a stack that overflows is an error, on a thread and on a fiber") {
  for (const bool barriers : {false, true}) {
    Bench bench(2, barriers);
    for (int round = 0; round < 4; ++round) {
      const auto fault = bench.fault(Order::recurse, 300);
      REQUIRE(fault);
      CHECK(fault->kind == KernelFault::Kind::stack_overflow);
      CHECK(contains(fault->what(), "its stack overflowed"));
      CHECK(bench.works());
    }
  }
}

TEST_CASE("an access that meets the guard of the thread's stack from afar is no overflow of it") {
  std::thread([] {
    pthread_attr_t attributes;
    REQUIRE(pthread_getattr_np(pthread_self(), &attributes) == 0);
    void* bottom = nullptr;
    size_t bytes = 0;
    pthread_attr_getstack(&attributes, &bottom, &bytes);
    pthread_attr_destroy(&attributes);
    for (const bool barriers : {false, true}) {
      Bench bench(1, barriers);
      const auto fault = bench.fault(Order::read, 3, static_cast<std::byte*>(bottom) - 64);
      REQUIRE(fault);
      CHECK(fault->kind == KernelFault::Kind::memory);
      CHECK(bench.works());
    }
  }).join();
}

// ThreadSanitizer keeps signals back, and AddressSanitizer may be left in the midst of its own
// account of a fiber's switch.
#if !defined(__has_feature) || \
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
TEST_CASE("what never ends is ended when it is asked to") {
  for (const unsigned threads : {1u, 3u})
    for (const Order what : {Order::spin, Order::meet}) {
      Bench bench(threads);
      RunControl control;
      const pthread_t runner = pthread_self();
      std::thread watcher([&] {
        std::this_thread::sleep_for(20ms);
        control.requested = true;
        for (int i = 0; i < 100; ++i) {
          interrupt_thread(runner);
          bench.executor.interrupt();
          std::this_thread::sleep_for(1ms);
        }
      });
      const auto fault = bench.fault(what, 140, nullptr, &control);
      watcher.join();
      REQUIRE(fault);
      CHECK(fault->kind == KernelFault::Kind::interrupted);
      CHECK(contains(fault->what(), "kernel 'misbehave', threadgroup (1, 0, 0) was still running"));
      CHECK(fault->threadgroups == 4);
      CHECK(fault->finished < 4);
      CHECK(bench.works());
    }
}
#endif

TEST_CASE("a fault of the program itself ends it as before") {
#if !defined(__has_feature) || \
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
  const Nothing nowhere;
  Bench bench(2);  // the handlers are there
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    const int status = status_of([&] { raise(signal); });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
  }
  const int status = status_of([&] { *static_cast<volatile int*>(nowhere.memory) = 1; });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSEGV);
#endif
}

TEST_CASE(
    "a handler made later, which passes faults on by raising them, does not end the process") {
  const Nothing nowhere;
  Bench bench(1);
  static struct sigaction before;
  static volatile std::sig_atomic_t calls;
  calls = 0;
  struct sigaction later{};
  later.sa_flags = SA_NODEFER;
  later.sa_handler = [](int signal) {  // as Python's faulthandler does it
    calls = calls + 1;
    sigaction(signal, &before, nullptr);
    raise(signal);
  };
  sigaction(SIGSEGV, &later, &before);
  const auto fault = bench.fault(Order::read, 17, nowhere.memory);
  sigaction(SIGSEGV, &before, nullptr);
  CHECK(calls == 1);
  REQUIRE(fault);
  CHECK(fault->kind == KernelFault::Kind::memory);
  CHECK(bench.works());
}
