// Threads, mappings, pipes and processes may be refused at any point: what was asked for is an
// error then, nothing ends the process, and the next one works.
#include <dlfcn.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "host.hpp"

namespace {

/// Of the calls that are counted, which fail: from `first` on, `count` of them.
enum class Resource { none, thread, mapping, protection, pipe, process };
std::atomic<Resource> refused{Resource::none};
std::atomic<int> first{0}, count{0}, calls{0};

bool refuse(Resource which) {
  if (refused != which) return false;
  const int call = calls++;
  return call >= first && call < first + count;
}

template <class Function>
Function* next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// In place of the C library's for everything in this process.
#define INTERPOSED extern "C" __attribute__((visibility("default")))

INTERPOSED int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
  static auto* const original = next(&pthread_create, "pthread_create");
  return refuse(Resource::thread) ? EAGAIN : original(thread, attributes, start, argument);
}

INTERPOSED void* mmap(void* address, size_t length, int protection, int flags, int file,
                      off_t offset) noexcept {
  static auto* const original = next(&mmap, "mmap");
  if (!refuse(Resource::mapping)) return original(address, length, protection, flags, file, offset);
  errno = ENOMEM;
  return MAP_FAILED;
}

INTERPOSED int mprotect(void* address, size_t length, int protection) noexcept {
  static auto* const original = next(&mprotect, "mprotect");
  if (!refuse(Resource::protection)) return original(address, length, protection);
  errno = ENOMEM;
  return -1;
}

INTERPOSED int pipe2(int* ends, int flags) noexcept {
  static auto* const original = next(&pipe2, "pipe2");
  if (!refuse(Resource::pipe)) return original(ends, flags);
  errno = EMFILE;
  return -1;
}

INTERPOSED int posix_spawn(pid_t* child, const char* path,
                           const posix_spawn_file_actions_t* actions,
                           const posix_spawnattr_t* attributes, char* const* arguments,
                           char* const* environment) {
  static auto* const original = next(&posix_spawn, "posix_spawn");
  return refuse(Resource::process)
             ? EAGAIN
             : original(child, path, actions, attributes, arguments, environment);
}

namespace {

/// Makes everything that a program needs, from the device on, and computes. Empty if that was
/// right, otherwise what was refused; "wrong" where results were.
std::string compute(size_t elements) {
  auto* const pool = NS::AutoreleasePool::alloc()->init();
  const auto attempt = [&]() -> std::string {
    NS::Error* error = nullptr;
    auto device = NS::TransferPtr(MTL::CreateSystemDefaultDevice());
    if (!device) return "no device";
    auto queue = NS::TransferPtr(device->newCommandQueue());
    if (!queue) return "no queue";
    // A source of its own each time: nothing comes from the cache.
    static std::atomic<int> serial{0};
    const std::string source =
        "// " + std::to_string(getpid()) + " " + std::to_string(serial++) + "\n";
    auto library =
        NS::TransferPtr(device->newLibrary(host::string(source.c_str()), nullptr, &error));
    if (!library) return host::text(error);
    auto function = NS::TransferPtr(library->newFunction(host::string("axpy")));
    auto kernel = NS::TransferPtr(device->newComputePipelineState(function.get(), &error));
    if (!kernel) return host::text(error);
    const size_t bytes = elements * sizeof(float);
    auto x = NS::TransferPtr(device->newBuffer(bytes, MTL::ResourceStorageModeShared));
    auto y = NS::TransferPtr(device->newBuffer(bytes, MTL::ResourceStorageModeShared));
    if (!x || !y) return "no buffer";
    std::fill_n(static_cast<float*>(x->contents()), elements, 3.0f);
    std::fill_n(static_cast<float*>(y->contents()), elements, 1.0f);
    struct {
      uint32_t n;
      float a;
    } params{static_cast<uint32_t>(elements), 2.0f};
    MTL::CommandBuffer* commands = queue->commandBuffer();
    MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(kernel.get());
    encoder->setBuffer(x.get(), 0, 0);
    encoder->setBuffer(y.get(), 0, 1);
    encoder->setBytes(&params, sizeof params, 2);
    encoder->dispatchThreads({elements, 1, 1}, {64, 1, 1});
    encoder->endEncoding();
    commands->commit();
    commands->waitUntilCompleted();
    if (commands->status() == MTL::CommandBufferStatusError) return host::text(commands->error());
    const auto* results = static_cast<const float*>(y->contents());
    return std::all_of(results, results + elements, [](float f) { return f == 7.0f; }) ? ""
                                                                                       : "wrong";
  };
  const std::string problem = attempt();
  pool->release();
  return problem;
}

enum Outcome { right = 0, was_refused = 1, never_refused = 2, broken = 3 };

/// How a fresh process that runs `body` ends; minus the signal if it is one.
int outcome_of(const std::function<Outcome()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    close(2);  // nil is explained there
    alarm(100);
    Outcome outcome = broken;
    try {
      outcome = body();
    } catch (const std::exception&) {
    }
    std::exit(outcome);  // with every handler that runs at exit
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

constexpr size_t kElements = 64 << 10;

}  // namespace

TEST_CASE("threads, mappings, pipes and processes may be refused at any point") {
  REQUIRE(outcome_of([] { return compute(kElements).empty() ? right : broken; }) == right);
  for (const Resource resource : {Resource::thread, Resource::mapping, Resource::protection,
                                  Resource::pipe, Resource::process})
    for (const int how_many : {1, 1 << 20}) {
      int points = 0, errors = 0;
      for (;; ++points) {
        const int outcome = outcome_of([&] {
          first = points;
          count = how_many;
          refused = resource;
          const std::string problem = compute(kElements);
          const bool reached = calls > first;
          refused = Resource::none;
          if (problem == "wrong" || !compute(kElements).empty()) return broken;
          return !reached ? never_refused : problem.empty() ? right : was_refused;
        });
        if (outcome == never_refused) break;
        CHECK_MESSAGE((outcome == right || outcome == was_refused), "resource ",
                      static_cast<int>(resource), ", call ", points, ", ", how_many,
                      " refused: outcome ", outcome);
        errors += outcome == was_refused;
        REQUIRE(points < 200);
      }
      CHECK(points > 0);
      // Fewer threads do the same work, memory without guards too; but not everything can go on.
      if (how_many > 1) CHECK(errors > 0);
    }
}

TEST_CASE("without threads, completion and notification handlers run all the same") {
  const int outcome = outcome_of([] {
    auto* const pool = NS::AutoreleasePool::alloc()->init();
    auto device = NS::TransferPtr(MTL::CreateSystemDefaultDevice());
    first = 0;
    count = 1 << 20;
    refused = Resource::thread;
    int made = 0, notified = 0;
    device->newLibrary(host::string("// asked for later"), nullptr,
                       [&](MTL::Library* library, NS::Error*) { made += library != nullptr; });
    auto event = NS::TransferPtr(device->newSharedEvent());
    auto* listener = MTL::SharedEventListener::sharedListener();
    event->notifyListener(listener, 3,
                          [&](MTL::SharedEvent*, uint64_t value) { notified += value == 3; });
    event->setSignaledValue(3);
    pool->release();
    return made == 1 && notified == 1 && calls == 2 ? right : broken;
  });
  CHECK(outcome == right);
}

#if !defined(__has_feature) || \
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
TEST_CASE("whatever limit there is on a process's memory, it is met with an error") {
  int fine = 0, errors = 0;
  for (int step = 0; step < 60; ++step) {
    const int outcome = outcome_of([&] {
      size_t pages = 0;
      std::ifstream("/proc/self/statm") >> pages;
      rlimit limit{};
      getrlimit(RLIMIT_AS, &limit);
      const rlim_t before = limit.rlim_cur;
      // Finely at first: what is made then is small.
      const size_t more = step < 40 ? static_cast<size_t>(step) * (256 << 10)
                                    : static_cast<size_t>(step - 36) * (4 << 20);
      limit.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + more;
      setrlimit(RLIMIT_AS, &limit);
      std::string problem = "std::bad_alloc";
      try {
        problem = compute(kElements);
      } catch (const std::bad_alloc&) {  // as C++ says it
      }
      limit.rlim_cur = before;
      setrlimit(RLIMIT_AS, &limit);
      if (problem == "wrong" || !compute(kElements).empty()) return broken;
      return problem.empty() ? right : was_refused;
    });
    CHECK_MESSAGE((outcome == right || outcome == was_refused), "step ", step, ": outcome ",
                  outcome);
    fine += outcome == right;
    errors += outcome == was_refused;
  }
  CHECK(errors > 0);
  CHECK(fine > 0);
}
#endif
