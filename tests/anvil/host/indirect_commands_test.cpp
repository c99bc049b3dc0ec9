// Indirect command buffers, over axpy (y += a x) and reverse of kernels/.
#include <algorithm>
#include <numeric>

#include "host.hpp"

using host::contains;
using host::text;

namespace {

struct Params {
  uint32_t n;
  float a;
};

constexpr uint32_t kCount = 100;

struct Indirect : host::Setup {
  NS::Error* error = nullptr;
  NS::SharedPtr<MTL::Library> library =
      NS::TransferPtr(device->newLibrary(host::string("kernel void axpy(...);"), nullptr, &error));
  NS::SharedPtr<MTL::ComputePipelineState> axpy = pipeline("axpy", true);
  NS::SharedPtr<MTL::Buffer> x = buffer(std::vector<float>(kCount, 1.0f)),
                             y = buffer(std::vector<float>(kCount)),
                             by[3] = {params(1), params(10), params(100)};

  NS::SharedPtr<MTL::Buffer> params(float a) { return buffer(std::vector<Params>{{kCount, a}}); }
  NS::SharedPtr<MTL::ComputePipelineState> pipeline(const char* name, bool indirect) {
    auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
    const uint32_t tile = 8;
    constants->setConstantValue(&tile, MTL::DataTypeUInt, NS::UInteger{3});
    auto descriptor = NS::TransferPtr(MTL::ComputePipelineDescriptor::alloc()->init());
    descriptor->setComputeFunction(
        NS::TransferPtr(library->newFunction(host::string(name), constants.get(), &error)).get());
    descriptor->setSupportIndirectCommandBuffers(indirect);
    auto made = NS::TransferPtr(device->newComputePipelineState(
        descriptor.get(), MTL::PipelineOptionNone, nullptr, &error));
    REQUIRE_MESSAGE(made, text(error));
    CHECK(made->supportIndirectCommandBuffers() == indirect);
    return made;
  }
  NS::SharedPtr<MTL::IndirectCommandBuffer> commands(NS::UInteger count, bool inherit = false) {
    auto descriptor = NS::TransferPtr(MTL::IndirectCommandBufferDescriptor::alloc()->init());
    descriptor->setCommandTypes(MTL::IndirectCommandTypeConcurrentDispatch |
                                MTL::IndirectCommandTypeConcurrentDispatchThreads);
    descriptor->setInheritBuffers(inherit);
    descriptor->setInheritPipelineState(inherit);
    descriptor->setMaxKernelBufferBindCount(3);
    auto made = NS::TransferPtr(
        device->newIndirectCommandBuffer(descriptor.get(), count, MTL::ResourceStorageModeShared));
    REQUIRE(made);
    CHECK(made->size() == count);
    return made;
  }
  /// y += a x by command `index`, `a` by its number.
  void encode(MTL::IndirectCommandBuffer* commands, NS::UInteger index, int a) {
    MTL::IndirectComputeCommand* command = commands->indirectComputeCommand(index);
    command->setComputePipelineState(axpy.get());
    command->setKernelBuffer(x.get(), 0, 0);
    command->setKernelBuffer(y.get(), 0, 1);
    command->setKernelBuffer(by[a].get(), 0, 2);
    command->concurrentDispatchThreads(MTL::Size(kCount, 1, 1), MTL::Size(64, 1, 1));
    command->setBarrier();
  }
  template <class Encode>
  std::string run(const Encode& encode) {
    MTL::CommandBuffer* buffer = queue->commandBuffer();
    MTL::ComputeCommandEncoder* encoder = buffer->computeCommandEncoder();
    encode(encoder);
    encoder->endEncoding();
    buffer->commit();
    buffer->waitUntilCompleted();
    return text(buffer->error());
  }
  std::string execute(MTL::IndirectCommandBuffer* commands, NS::Range range) {
    return run([&](auto* encoder) { encoder->executeCommandsInBuffer(commands, range); });
  }
  /// The element that all of y are; -1 where they differ.
  float value() {
    const auto values = host::values<float>(y.get());
    return std::count(values.begin(), values.end(), values[0]) == kCount ? values[0] : -1;
  }
};

}  // namespace

TEST_CASE("commands are executed in ranges, again, and in the order of their barriers") {
  Indirect i;
  auto commands = i.commands(5);
  i.encode(commands.get(), 0, 0);
  i.encode(commands.get(), 1, 1);
  i.encode(commands.get(), 4, 2);  // those between dispatch nothing
  CHECK(i.execute(commands.get(), NS::Range(0, 5)) == "(no error)");
  CHECK(i.value() == 111);
  CHECK(i.execute(commands.get(), NS::Range(1, 2)) == "(no error)");
  CHECK(i.value() == 121);
  CHECK(i.execute(commands.get(), NS::Range(5, 0)) == "(no error)");
  CHECK(i.value() == 121);
}

TEST_CASE("commands are read when they are executed, not when that is encoded") {
  Indirect i;
  auto commands = i.commands(2);
  i.encode(commands.get(), 0, 0);
  MTL::CommandBuffer* buffer = i.queue->commandBuffer();
  MTL::ComputeCommandEncoder* encoder = buffer->computeCommandEncoder();
  encoder->executeCommandsInBuffer(commands.get(), NS::Range(0, 2));
  encoder->executeCommandsInBuffer(commands.get(), NS::Range(0, 1));
  encoder->endEncoding();
  i.encode(commands.get(), 0, 1);
  i.encode(commands.get(), 1, 2);
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(text(buffer->error()) == "(no error)");
  CHECK(i.value() == 120);
}

TEST_CASE("a range may be what a buffer says at that time") {
  Indirect i;
  auto commands = i.commands(3);
  for (int a = 0; a < 3; ++a) i.encode(commands.get(), static_cast<NS::UInteger>(a), a);
  auto range = i.buffer(std::vector<uint32_t>{77, 1, 2});
  const auto execute = [&](MTL::ComputeCommandEncoder* encoder) {
    encoder->executeCommandsInBuffer(commands.get(), range.get(), 4);
  };
  CHECK(i.run(execute) == "(no error)");
  CHECK(i.value() == 110);
  static_cast<uint32_t*>(range->contents())[2] = 9;
  CHECK_MESSAGE(contains(i.run(execute), "commands [1, +9) are not among the 3 of the indirect"),
                i.run(execute));
  CHECK(i.value() == 110);
}

TEST_CASE("pipeline and buffers are inherited as the descriptor says") {
  Indirect i;
  auto commands = i.commands(2, /*inherit=*/true);
  for (const NS::UInteger index : {0, 1}) {
    MTL::IndirectComputeCommand* command = commands->indirectComputeCommand(index);
    command->concurrentDispatchThreadgroups(MTL::Size(2, 1, 1), MTL::Size(64, 1, 1));
    command->setBarrier();
  }
  const Params params{kCount, 5};
  const auto encode = [&](MTL::ComputeCommandEncoder* encoder) {
    encoder->setComputePipelineState(i.axpy.get());
    encoder->setBuffer(i.x.get(), 0, 0);
    encoder->setBuffer(i.y.get(), 0, 1);
    encoder->setBytes(&params, sizeof params, 2);
    encoder->executeCommandsInBuffer(commands.get(), NS::Range(0, 2));
    // What comes after is the encoder's own.
    encoder->setBuffer(i.by[0].get(), 0, 2);
    encoder->dispatchThreads(MTL::Size(kCount, 1, 1), MTL::Size(64, 1, 1));
  };
  CHECK(i.run(encode) == "(no error)");
  CHECK(i.value() == 11);
}

TEST_CASE("threadgroup memory is a command's own") {
  Indirect i;
  auto reverse = i.pipeline("reverse", true);
  std::vector<uint32_t> numbers(128);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto data = i.buffer(numbers);
  auto commands = i.commands(1);
  MTL::IndirectComputeCommand* command = commands->indirectComputeCommand(0);
  command->setComputePipelineState(reverse.get());
  command->setKernelBuffer(data.get(), 0, 0);
  command->setThreadgroupMemoryLength(64 * 4, 1);
  command->concurrentDispatchThreadgroups(MTL::Size(2, 1, 1), MTL::Size(64, 1, 1));
  CHECK(i.execute(commands.get(), NS::Range(0, 1)) == "(no error)");
  const auto result = host::values<uint32_t>(data.get());
  CHECK(result[0] == 63);
  CHECK(result[64] == 127);
}

TEST_CASE("commands are reset and copied, by the host and by encoders") {
  Indirect i;
  auto commands = i.commands(3), others = i.commands(4);
  for (int a = 0; a < 3; ++a) i.encode(commands.get(), static_cast<NS::UInteger>(a), a);
  commands->indirectComputeCommand(0)->reset();
  MTL::CommandBuffer* buffer = i.queue->commandBuffer();
  MTL::BlitCommandEncoder* blit = buffer->blitCommandEncoder();
  blit->copyIndirectCommandBuffer(commands.get(), NS::Range(0, 3), others.get(), 1);
  blit->resetCommandsInBuffer(others.get(), NS::Range(2, 1));
  blit->optimizeIndirectCommandBuffer(others.get(), NS::Range(0, 4));
  blit->endEncoding();
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(text(buffer->error()) == "(no error)");
  CHECK(i.execute(others.get(), NS::Range(0, 4)) == "(no error)");
  CHECK(i.value() == 100);
  commands->reset(NS::Range(1, 1));
  CHECK(i.execute(commands.get(), NS::Range(0, 3)) == "(no error)");
  CHECK(i.value() == 200);
}

TEST_CASE("what is wrong with a command is its command buffer's error, with the command's number") {
  Indirect i;
  auto commands = i.commands(2);
  i.encode(commands.get(), 0, 0);
  i.encode(commands.get(), 1, 1);
  commands->indirectComputeCommand(1)->setKernelBuffer(nullptr, 0, 1);
  const std::string unbound = i.execute(commands.get(), NS::Range(0, 2));
  CHECK_MESSAGE(contains(unbound, "indirect command 1: "), unbound);
  CHECK_MESSAGE(contains(unbound, "buffer 1 ('y') of kernel axpy is not bound"), unbound);
  CHECK(i.value() == 0);
  const std::string beyond = i.execute(commands.get(), NS::Range(1, 2));
  CHECK_MESSAGE(contains(beyond,
                         "-[MTLComputeCommandEncoder executeCommandsInBuffer:withRange:]: "
                         "range [1, +2) is beyond the 2 commands of the buffer"),
                beyond);
  CHECK(contains(i.execute(nullptr, NS::Range(0, 1)), "nil indirect command buffer"));
}

TEST_CASE("calls that cannot be right are exceptions or nil, in words") {
  Indirect i;
  auto commands = i.commands(2);
  CHECK_THROWS_WITH(commands->indirectComputeCommand(2),
                    "-[MTLIndirectCommandBuffer indirectComputeCommandAtIndex:]: index 2 is beyond "
                    "its 2 commands");
  CHECK_THROWS_WITH(commands->indirectRenderCommand(0),
                    "-[MTLIndirectCommandBuffer indirectRenderCommandAtIndex:]: unsupported render "
                    "commands; supported: dispatches");
  MTL::IndirectComputeCommand* command = commands->indirectComputeCommand(0);
  CHECK_THROWS_WITH(command->setKernelBuffer(i.x.get(), 0, 31),
                    "-[MTLIndirectComputeCommand setKernelBuffer:offset:atIndex:]: index 31 "
                    "exceeds the last one, 30");
  auto direct = i.pipeline("axpy", false);
  CHECK_THROWS_WITH(command->setComputePipelineState(direct.get()),
                    "-[MTLIndirectComputeCommand setComputePipelineState:]: the pipeline was made "
                    "without supportIndirectCommandBuffers");
  auto descriptor = NS::TransferPtr(MTL::IndirectCommandBufferDescriptor::alloc()->init());
  descriptor->setCommandTypes(MTL::IndirectCommandTypeDraw);
  CHECK(i.device->newIndirectCommandBuffer(descriptor.get(), 1, MTL::ResourceStorageModeShared) ==
        nullptr);
}
