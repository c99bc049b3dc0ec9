// What kernels say by os_log: the text, and whom it reaches.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "host.hpp"

using host::text;

namespace {

constexpr const char* kSource = R"(#include <metal_stdlib>
#include <metal_logging>
using namespace metal;

constant os_log custom("com.example.app", "kernels");

kernel void speaks(device const float* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  if (i % 16 == 3)
    custom.log_error("lane %u of %3d: %.2f, %v4.1f, 0x%hx, %s%%", i, -int(i), x[i],
                     float4(1, 2, 3, x[i]), ushort(0xfff0 + i), "so");
  if (i == 40) os_log_default.log_debug("%c %lld %g %g %3.1v2f", 'c', -1L << 40, half(0.5), 1e30f,
                                             half2(7, 8));
  if (i == 41) os_log_default.log("plain");
}

kernel void floods(uint i [[thread_position_in_grid]]) {
  os_log_default.log_info("%u", i);
}
)";

struct Heard {
  std::string from, text;
  MTL::LogLevel level;
  bool operator==(const Heard&) const = default;
};

struct Speakers : host::Setup {
  NS::SharedPtr<MTL::Library> library;

  explicit Speakers(bool enabled = true) {
    auto options = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
    CHECK_FALSE(options->enableLogging());
    options->setEnableLogging(enabled);
    NS::Error* error = nullptr;
    library = NS::TransferPtr(device->newLibrary(host::string(kSource), options.get(), &error));
    REQUIRE_MESSAGE(library, text(error));
  }
  void run(MTL::CommandBuffer* commands, const char* name, NS::UInteger threads) {
    NS::Error* error = nullptr;
    auto function = NS::TransferPtr(library->newFunction(host::string(name)));
    auto state = NS::TransferPtr(device->newComputePipelineState(function.get(), &error));
    REQUIRE_MESSAGE(state, text(error));
    auto x = buffer(std::vector<float>(threads, 0.125f));
    MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(state.get());
    encoder->setBuffer(x.get(), 0, 0);
    encoder->dispatchThreads(MTL::Size(threads, 1, 1), MTL::Size(32, 1, 1));
    encoder->endEncoding();
    commands->commit();
    commands->waitUntilCompleted();
    CHECK(text(commands->error()) == "(no error)");
  }
  /// What a handler of a state of that level hears.
  std::vector<Heard> heard(MTL::LogLevel least, const char* name, NS::UInteger threads,
                           bool by_queue = false, NS::Integer room = 1 << 20) {
    std::vector<Heard> all;
    auto description = NS::TransferPtr(MTL::LogStateDescriptor::alloc()->init());
    description->setLevel(least);
    description->setBufferSize(room);
    NS::Error* error = nullptr;
    NS::SharedPtr<MTL::LogState> state =
        NS::TransferPtr(device->newLogState(description.get(), &error));
    REQUIRE_MESSAGE(state, text(error));
    state->addLogHandler(
        [&](NS::String* subsystem, NS::String* category, MTL::LogLevel level, NS::String* message) {
          all.push_back({text(subsystem) + ":" + text(category), text(message), level});
        });
    if (by_queue) {
      auto of_queue = NS::TransferPtr(MTL::CommandQueueDescriptor::alloc()->init());
      of_queue->setLogState(state.get());
      auto own = NS::TransferPtr(device->newCommandQueue(of_queue.get()));
      run(own->commandBuffer(), name, threads);
    } else {
      auto of_buffer = NS::TransferPtr(MTL::CommandBufferDescriptor::alloc()->init());
      of_buffer->setLogState(state.get());
      run(queue->commandBuffer(of_buffer.get()), name, threads);
    }
    return all;
  }
};

/// What is written to standard error meanwhile.
std::string errors_of(const std::function<void()>& action) {
  char path[] = "/tmp/anvil-log-test-XXXXXX";
  const int file = mkstemp(path), before = dup(2);
  unlink(path);
  dup2(file, 2);
  action();
  dup2(before, 2);
  close(before);
  std::string written(static_cast<size_t>(lseek(file, 0, SEEK_END)), '\0');
  REQUIRE(pread(file, written.data(), written.size(), 0) == static_cast<ssize_t>(written.size()));
  close(file);
  return written;
}

}  // namespace

TEST_CASE("messages of kernels reach the handler of the command buffer, or of its queue") {
  Speakers speakers;
  const std::string from = "com.example.app:kernels";
  // printf's own words for the same arguments.
  const std::vector<Heard> expected{
      {":", "c -1099511627776 0.5 1e+30 7.0,8.0", MTL::LogLevelDebug},
      {":", "plain", MTL::LogLevelNotice},
      {from, "lane 19 of -19: 0.12, 1.0,2.0,3.0,0.1, 0x3, so%", MTL::LogLevelError},
      {from, "lane 3 of  -3: 0.12, 1.0,2.0,3.0,0.1, 0xfff3, so%", MTL::LogLevelError},
      {from, "lane 35 of -35: 0.12, 1.0,2.0,3.0,0.1, 0x13, so%", MTL::LogLevelError},
      {from, "lane 51 of -51: 0.12, 1.0,2.0,3.0,0.1, 0x23, so%", MTL::LogLevelError},
  };
  for (const bool by_queue : {false, true}) {
    std::vector<Heard> heard = speakers.heard(MTL::LogLevelUndefined, "speaks", 64, by_queue);
    std::ranges::sort(heard, {}, [](const Heard& each) { return std::pair(each.from, each.text); });
    REQUIRE(heard.size() == expected.size());
    for (size_t i = 0; i < heard.size(); ++i) {
      CHECK(heard[i].from == expected[i].from);
      CHECK(heard[i].text == expected[i].text);
      CHECK(heard[i].level == expected[i].level);
    }
  }
  CHECK(speakers.heard(MTL::LogLevelNotice, "speaks", 64).size() == 5);
  CHECK(speakers.heard(MTL::LogLevelFault, "speaks", 64).empty());
}

TEST_CASE("without a handler they go to standard error") {
  Speakers speakers;
  const std::string written =
      errors_of([&] { speakers.run(speakers.queue->commandBuffer(), "speaks", 20); });
  CHECK(host::contains(
      written,
      "anvil: kernel error [com.example.app:kernels]: lane 19 of -19: 0.12, 1.0,2.0,3.0,0.1, "
      "0x3, so%\n"));
  CHECK(std::ranges::count(written, '\n') == 2);
}

TEST_CASE("a library that was compiled without logging says nothing") {
  Speakers speakers(/*enabled=*/false);
  CHECK(speakers.heard(MTL::LogLevelUndefined, "speaks", 64).empty());
  CHECK(errors_of([&] { speakers.run(speakers.queue->commandBuffer(), "speaks", 64); }).empty());
  NS::Error* error = nullptr;
  speakers.library =
      NS::TransferPtr(speakers.device->newLibrary(host::string(kSource), nullptr, &error));
  CHECK(speakers.heard(MTL::LogLevelUndefined, "speaks", 64).empty());
}

TEST_CASE("there is room for what a log state's buffer holds") {
  Speakers speakers;
  const auto count = [&](NS::Integer room) {
    return speakers.heard(MTL::LogLevelUndefined, "floods", 20000, false, room).size();
  };
  CHECK(count(8 << 20) == 20000);
  const size_t few = count(4 << 10), more = count(8 << 10);
  CHECK(few > 10);
  CHECK(few < 100);
  CHECK(more > few + 10);
  CHECK(more < 200);
  const std::vector<Heard> one = speakers.heard(MTL::LogLevelUndefined, "floods", 32, false, 1);
  REQUIRE(one.size() == 2);
  CHECK(one[1].text == "31 more messages than the 1 there is room for");
}

TEST_CASE("more messages than there is room for are counted") {
  Speakers speakers;
  const std::vector<Heard> heard = speakers.heard(MTL::LogLevelUndefined, "floods", 10000);
  REQUIRE(heard.size() > 1000);
  REQUIRE(heard.size() < 10000);
  const std::string room = std::to_string(heard.size() - 1);
  CHECK(heard.back().text == std::to_string(10001 - heard.size()) + " more messages than the " +
                                 room + " there is room for");
  // And there is room again.
  CHECK(speakers.heard(MTL::LogLevelUndefined, "floods", 32).size() == 32);
}

TEST_CASE("a buffer of no size is an error") {
  Speakers speakers;
  auto description = NS::TransferPtr(MTL::LogStateDescriptor::alloc()->init());
  description->setBufferSize(0);
  NS::Error* error = nullptr;
  CHECK(speakers.device->newLogState(description.get(), &error) == nullptr);
  CHECK(text(error) == "-[MTLDevice newLogStateWithDescriptor:error:]: bufferSize is 0");
  CHECK(error->code() == static_cast<NS::Integer>(MTL::LogStateErrorInvalidSize));
}
