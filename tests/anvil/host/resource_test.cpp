// Threads, mappings, pipes and processes may be refused at any point: what was asked for is an
// error then, nothing ends the process, and the next one works.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "host.hpp"
#include "refused_calls.hpp"

using namespace refused_calls;

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

constexpr size_t kElements = 64 << 10;

}  // namespace

TEST_CASE("threads, mappings, pipes, files and processes may be refused at any point") {
  refuse_each({Resource::thread, Resource::mapping, Resource::protection, Resource::pipe,
               Resource::process, Resource::file},
              [] { return compute(kElements); });
}

TEST_CASE("without threads, completion and notification handlers run all the same") {
  const int outcome = outcome_of([] {
    auto* const pool = NS::AutoreleasePool::alloc()->init();
    auto device = NS::TransferPtr(MTL::CreateSystemDefaultDevice());
    refuse(Resource::thread);
    int made = 0, notified = 0;
    device->newLibrary(host::string("// asked for later"), nullptr,
                       [&](MTL::Library* library, NS::Error*) { made += library != nullptr; });
    auto event = NS::TransferPtr(device->newSharedEvent());
    auto* listener = MTL::SharedEventListener::sharedListener();
    event->notifyListener(listener, 3,
                          [&](MTL::SharedEvent*, uint64_t value) { notified += value == 3; });
    event->setSignaledValue(3);
    pool->release();
    return made == 1 && notified == 1 && calls() == 2 ? right : broken;
  });
  CHECK(outcome == right);
}

#if !defined(__has_feature) || \
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
TEST_CASE("whatever limit there is on a process's memory, it is met with an error") {
  limit_memory([] { return compute(kElements); });
}
#endif
