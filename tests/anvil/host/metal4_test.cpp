// Metal 4's way to compute: recordings that are begun again, argument tables, residency, feedback.
#include "host.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

using host::contains;
using host::text;

namespace {

constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;

constant float kFactor [[function_constant(0)]];

kernel void scale(device float* x [[buffer(0)]], constant float& offset [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  x[i] = x[i] * kFactor + offset;
}
kernel void sum(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                device float* out [[buffer(5)]], uint i [[thread_position_in_grid]]) {
  out[i] = a[i] + b[i];
}
[[visible]] float tripled(float x) { return 3 * x; }
kernel void call(device float* x [[buffer(0)]],
                 visible_function_table<float(float)> maps [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  x[i] = maps[0](x[i]);
}
kernel void read(texture2d<float> image [[texture(1)]], sampler linear [[sampler(0)]],
                 device float* out [[buffer(0)]], uint2 p [[thread_position_in_grid]]) {
  out[p.y * 4 + p.x] = image.sample(linear, float2(p.x + 1, p.y + 0.5f)).x;
}
)";

struct Feedback {
  std::string error;
  double start = 0, end = 0;
};

struct Metal4 : host::Setup {
  NS::SharedPtr<MTL4::Compiler> compiler;
  NS::SharedPtr<MTL::Library> library;
  NS::SharedPtr<MTL4::CommandQueue> queue4;
  NS::SharedPtr<MTL4::CommandAllocator> allocator;
  NS::SharedPtr<MTL4::CommandBuffer> commands;
  NS::SharedPtr<MTL4::ArgumentTable> table;
  NS::SharedPtr<MTL::ResidencySet> resident;

  Metal4() {
    NS::Error* error = nullptr;
    compiler = NS::TransferPtr(device->newCompiler(nullptr, &error));
    auto source = NS::TransferPtr(MTL4::LibraryDescriptor::alloc()->init());
    source->setSource(host::string(kSource));
    source->setName(host::string("kernels"));
    library = NS::TransferPtr(compiler->newLibrary(source.get(), &error));
    REQUIRE_MESSAGE(library, text(error));
    CHECK(text(library->label()) == "kernels");
    queue4 = NS::TransferPtr(device->newMTL4CommandQueue());
    allocator = NS::TransferPtr(device->newCommandAllocator());
    commands = NS::TransferPtr(device->newCommandBuffer());
    auto sizes = NS::TransferPtr(MTL4::ArgumentTableDescriptor::alloc()->init());
    sizes->setMaxBufferBindCount(8);
    sizes->setMaxTextureBindCount(2);
    sizes->setMaxSamplerStateBindCount(1);
    table = NS::TransferPtr(device->newArgumentTable(sizes.get(), &error));
    REQUIRE_MESSAGE(table, text(error));
    auto set = NS::TransferPtr(MTL::ResidencySetDescriptor::alloc()->init());
    resident = NS::TransferPtr(device->newResidencySet(set.get(), &error));
    queue4->addResidencySet(resident.get());
  }

  NS::SharedPtr<MTL4::ComputePipelineDescriptor> descriptor(const char* name) {
    auto function = NS::TransferPtr(MTL4::LibraryFunctionDescriptor::alloc()->init());
    function->setName(host::string(name));
    function->setLibrary(library.get());
    auto values = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
    const float factor = 3;
    values->setConstantValue(&factor, MTL::DataTypeFloat, NS::UInteger(0));
    auto special = NS::TransferPtr(MTL4::SpecializedFunctionDescriptor::alloc()->init());
    special->setFunctionDescriptor(function.get());
    special->setConstantValues(values.get());
    auto made = NS::TransferPtr(MTL4::ComputePipelineDescriptor::alloc()->init());
    made->setComputeFunctionDescriptor(special.get());
    return made;
  }
  NS::SharedPtr<MTL::ComputePipelineState> pipeline(const char* name) {
    NS::Error* error = nullptr;
    auto made =
        NS::TransferPtr(compiler->newComputePipelineState(descriptor(name).get(), nullptr, &error));
    REQUIRE_MESSAGE(made, text(error));
    return made;
  }
  NS::SharedPtr<MTL::Buffer> floats(const std::vector<float>& values, bool is_resident = true) {
    auto made = buffer(values);
    if (is_resident) resident->addAllocation(made.get());
    return made;
  }
  /// Recorded with the allocator, committed, and waited for.
  Feedback run(const std::function<void(MTL4::ComputeCommandEncoder*)>& encode) {
    commands->beginCommandBuffer(allocator.get());
    MTL4::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
    encode(encoder);
    encoder->endEncoding();
    commands->endCommandBuffer();
    return commit({commands.get()});
  }
  Feedback commit(const std::vector<MTL4::CommandBuffer*>& buffers) {
    auto options = NS::TransferPtr(MTL4::CommitOptions::alloc()->init());
    std::mutex mutex;
    std::condition_variable told;
    std::optional<Feedback> result;
    options->addFeedbackHandler([&](MTL4::CommitFeedback* feedback) {
      std::lock_guard lock(mutex);
      result = {feedback->error() ? text(feedback->error()) : "", feedback->GPUStartTime(),
                feedback->GPUEndTime()};
      told.notify_all();
    });
    const std::vector<const MTL4::CommandBuffer*> list(buffers.begin(), buffers.end());
    queue4->commit(list.data(), list.size(), options.get());
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return result.has_value(); });
    return *result;
  }
};

const MTL::Size kGroup(32, 1, 1);

}  // namespace

TEST_CASE(
    "a command buffer is recorded again and again, with what its table has at each dispatch") {
  Metal4 m;
  auto scale = m.pipeline("scale"), sum = m.pipeline("sum");
  auto x = m.floats(std::vector<float>(100, 1.0f)), y = m.floats(std::vector<float>(100, 2.0f));
  auto out = m.floats(std::vector<float>(101)), offsets = m.floats({10, 20});
  float want_x = 1, want_y = 2;
  for (int round = 0; round < 3; ++round) {
    const Feedback feedback = m.run([&](MTL4::ComputeCommandEncoder* encoder) {
      encoder->setArgumentTable(m.table.get());
      encoder->setComputePipelineState(scale.get());
      m.table->setAddress(x->gpuAddress(), 0);
      m.table->setAddress(offsets->gpuAddress(), 1);
      encoder->dispatchThreads(MTL::Size(100, 1, 1), kGroup);
      m.table->setAddress(y->gpuAddress(), 0);
      m.table->setAddress(offsets->gpuAddress() + 4, 1);
      encoder->dispatchThreads(MTL::Size(100, 1, 1), kGroup);
      encoder->barrierAfterEncoderStages(MTL::StageDispatch, MTL::StageDispatch,
                                         MTL4::VisibilityOptionDevice);
      encoder->setComputePipelineState(sum.get());
      m.table->setAddress(x->gpuAddress(), 0);
      m.table->setAddress(y->gpuAddress(), 1);
      m.table->setAddress(out->gpuAddress() + 4, 5);
      encoder->dispatchThreads(MTL::Size(100, 1, 1), kGroup);
      CHECK(encoder->stages() == MTL::StageDispatch);
    });
    m.allocator->reset();
    REQUIRE_MESSAGE(feedback.error.empty(), feedback.error);
    CHECK(feedback.end >= feedback.start);
    CHECK(feedback.start > 0);
    want_x = want_x * 3 + 10;
    want_y = want_y * 3 + 20;
    const auto result = host::values<float>(out.get());
    CHECK(result[0] == 0);
    for (size_t i = 1; i < result.size(); ++i) CHECK(result[i] == want_x + want_y);
  }
}

TEST_CASE("copies, fills and dispatches of one encoder follow each other") {
  Metal4 m;
  auto scale = m.pipeline("scale");
  auto x = m.floats(std::vector<float>(64, 5.0f)), y = m.floats(std::vector<float>(64));
  auto offset = m.floats({1});
  auto groups = NS::TransferPtr(m.device->newBuffer(16, MTL::ResourceStorageModeShared));
  const uint32_t two[] = {0, 2, 1, 1};
  std::copy_n(two, 4, static_cast<uint32_t*>(groups->contents()));
  const Feedback feedback = m.run([&](MTL4::ComputeCommandEncoder* encoder) {
    encoder->fillBuffer(x.get(), NS::Range(0, 128), 0);
    encoder->copyFromBuffer(x.get(), 0, y.get(), 0, 256);
    encoder->setArgumentTable(m.table.get());
    encoder->setComputePipelineState(scale.get());
    m.table->setAddress(y->gpuAddress(), 0);
    m.table->setAddress(offset->gpuAddress(), 1);
    encoder->dispatchThreadgroups(groups->gpuAddress() + 4, kGroup);
    encoder->copyFromBuffer(y.get(), 0, x.get(), 128, 128);
    CHECK(encoder->stages() == (MTL::StageDispatch | MTL::StageBlit));
  });
  REQUIRE_MESSAGE(feedback.error.empty(), feedback.error);
  const auto first = host::values<float>(x.get()), second = host::values<float>(y.get());
  for (size_t i = 0; i < 64; ++i) {
    CHECK(first[i] == (i < 32 ? 0 : 1));
    CHECK(second[i] == (i < 32 ? 1 : 16));
  }
}

TEST_CASE("textures and samplers are in the table by their IDs") {
  Metal4 m;
  auto read = m.pipeline("read");
  auto shape = NS::TransferPtr(MTL::TextureDescriptor::alloc()->init());
  shape->setTextureType(MTL::TextureType2D);
  shape->setPixelFormat(MTL::PixelFormatR32Float);
  shape->setWidth(4);
  shape->setHeight(2);
  auto image = NS::TransferPtr(m.device->newTexture(shape.get()));
  const float texels[] = {0, 2, 4, 8, 16, 32, 64, 128};
  image->replaceRegion(MTL::Region(0, 0, 4, 2), 0, texels, 16);
  auto filter = NS::TransferPtr(MTL::SamplerDescriptor::alloc()->init());
  filter->setMinFilter(MTL::SamplerMinMagFilterLinear);
  filter->setMagFilter(MTL::SamplerMinMagFilterLinear);
  filter->setNormalizedCoordinates(false);
  filter->setSupportArgumentBuffers(true);
  auto sampler = NS::TransferPtr(m.device->newSamplerState(filter.get()));
  auto out = m.floats(std::vector<float>(8));
  m.table->setAddress(out->gpuAddress(), 0);
  m.table->setTexture(image->gpuResourceID(), 1);
  m.table->setSamplerState(sampler->gpuResourceID(), 0);
  const auto encode = [&](MTL4::ComputeCommandEncoder* encoder) {
    encoder->setArgumentTable(m.table.get());
    encoder->setComputePipelineState(read.get());
    encoder->dispatchThreads(MTL::Size(4, 2, 1), MTL::Size(4, 2, 1));
  };
  Feedback feedback = m.run(encode);
  REQUIRE_MESSAGE(feedback.error.empty(), feedback.error);
  // Half way between two texels of a row, the last clamped to the edge: exact.
  CHECK(host::values<float>(out.get()) == std::vector<float>{1, 3, 6, 8, 24, 48, 96, 128});
  image.reset();
  feedback = m.run(encode);
  CHECK(contains(feedback.error, "texture 1 of argument table has the gpuResourceID 0x"));
  CHECK(contains(feedback.error, ", which is no texture's"));
}

TEST_CASE("queues wait for each other by events") {
  Metal4 m;
  auto scale = m.pipeline("scale");
  auto x = m.floats({1}), offset = m.floats({1});
  auto other = NS::TransferPtr(m.device->newMTL4CommandQueue());
  auto event = NS::TransferPtr(m.device->newSharedEvent());
  m.queue4->wait(event.get(), 3);
  m.commands->beginCommandBuffer(m.allocator.get());
  MTL4::ComputeCommandEncoder* encoder = m.commands->computeCommandEncoder();
  encoder->setArgumentTable(m.table.get());
  encoder->setComputePipelineState(scale.get());
  m.table->setAddress(x->gpuAddress(), 0);
  m.table->setAddress(offset->gpuAddress(), 1);
  encoder->dispatchThreads(MTL::Size(1, 1, 1), MTL::Size(1, 1, 1));
  encoder->endEncoding();
  m.commands->endCommandBuffer();
  const MTL4::CommandBuffer* one[] = {m.commands.get()};
  m.queue4->commit(one, 1);
  m.queue4->signalEvent(event.get(), 4);
  CHECK(event->signaledValue() < 3);
  *static_cast<float*>(x->contents()) = 7;
  other->signalEvent(event.get(), 3);
  CHECK(event->waitUntilSignaledValue(4, 10'000));
  CHECK(host::values<float>(x.get())[0] == 22);
}

TEST_CASE("functions are linked from descriptors, and their table is a resource of the table's") {
  Metal4 m;
  auto function = NS::TransferPtr(MTL4::LibraryFunctionDescriptor::alloc()->init());
  function->setName(host::string("tripled"));
  function->setLibrary(m.library.get());
  auto linking = NS::TransferPtr(MTL4::StaticLinkingDescriptor::alloc()->init());
  linking->setFunctionDescriptors(NS::Array::array(function.get()));
  auto options = NS::TransferPtr(MTL4::PipelineOptions::alloc()->init());
  options->setShaderValidation(MTL::ShaderValidationEnabled);
  auto descriptor = m.descriptor("call");
  descriptor->setStaticLinkingDescriptor(linking.get());
  MTL4::PipelineDescriptor* base = descriptor.get();
  base->setOptions(options.get());
  base->setLabel(host::string("caller"));
  auto task = NS::TransferPtr(MTL4::CompilerTaskOptions::alloc()->init());
  NS::Error* error = nullptr;
  auto pipeline =
      NS::TransferPtr(m.compiler->newComputePipelineState(descriptor.get(), task.get(), &error));
  REQUIRE_MESSAGE(pipeline, text(error));
  CHECK(text(pipeline->label()) == "caller");
  CHECK(pipeline->shaderValidation() == MTL::ShaderValidationEnabled);
  auto count = NS::TransferPtr(MTL::VisibleFunctionTableDescriptor::alloc()->init());
  count->setFunctionCount(1);
  auto maps = NS::TransferPtr(pipeline->newVisibleFunctionTable(count.get()));
  maps->setFunction(pipeline->functionHandle(host::string("tripled")), 0);
  auto x = m.floats({5});
  m.table->setAddress(x->gpuAddress(), 0);
  m.table->setResource(maps->gpuResourceID(), 1);
  const Feedback feedback = m.run([&](MTL4::ComputeCommandEncoder* encoder) {
    encoder->setArgumentTable(m.table.get());
    encoder->setComputePipelineState(pipeline.get());
    encoder->dispatchThreads(MTL::Size(1, 1, 1), MTL::Size(1, 1, 1));
  });
  CHECK(feedback.error == "");
  CHECK(host::values<float>(x.get())[0] == 15);
  auto absent = NS::TransferPtr(function->copy());
  absent->setName(host::string("none"));
  linking->setPrivateFunctionDescriptors(NS::Array::array(absent.get()));
  CHECK_FALSE(
      NS::TransferPtr(m.compiler->newComputePipelineState(descriptor.get(), task.get(), &error)));
  CHECK(text(error) == "library 'kernels' has no function 'none'");
}

TEST_CASE("feedback comes on the queue that is asked for; labels are kept") {
  Metal4 m;
  auto serial = dispatch_queue_create("feedback", nullptr);
  auto description = NS::TransferPtr(MTL4::CommandQueueDescriptor::alloc()->init());
  description->setLabel(host::string("work"));
  description->setFeedbackQueue(serial);
  CHECK(description->feedbackQueue() == serial);
  NS::Error* error = nullptr;
  m.queue4 = NS::TransferPtr(m.device->newMTL4CommandQueue(description.get(), &error));
  CHECK(text(m.queue4->label()) == "work");
  auto name = NS::TransferPtr(MTL4::CommandAllocatorDescriptor::alloc()->init());
  name->setLabel(host::string("memory"));
  m.allocator = NS::TransferPtr(m.device->newCommandAllocator(name.get(), &error));
  CHECK(text(m.allocator->label()) == "memory");
  auto naming = NS::TransferPtr(MTL4::CompilerDescriptor::alloc()->init());
  naming->setLabel(host::string("compiler"));
  m.compiler = NS::TransferPtr(m.device->newCompiler(naming.get(), &error));
  CHECK(text(m.compiler->label()) == "compiler");
  auto options = NS::TransferPtr(MTL4::CommandBufferOptions::alloc()->init());
  CHECK(options->logState() == nullptr);
  m.commands->beginCommandBuffer(m.allocator.get(), options.get());
  m.commands->endCommandBuffer();
  CHECK(m.commit({m.commands.get()}).error == "");
  dispatch_release(serial);
}

TEST_CASE("timestamps are taken between commands, in their order") {
  Metal4 m;
  NS::Error* error = nullptr;
  auto shape = NS::TransferPtr(MTL4::CounterHeapDescriptor::alloc()->init());
  shape->setCount(4);
  CHECK_FALSE(NS::TransferPtr(m.device->newCounterHeap(shape.get(), &error)));
  CHECK(text(error) ==
        "-[MTLDevice newCounterHeapWithDescriptor:error:]: unsupported type; "
        "supported: MTL4CounterHeapTypeTimestamp");
  shape->setType(MTL4::CounterHeapTypeTimestamp);
  auto heap = NS::TransferPtr(m.device->newCounterHeap(shape.get(), &error));
  REQUIRE_MESSAGE(heap, text(error));
  CHECK(m.device->sizeOfCounterHeapEntry(heap->type()) == 8);
  auto scale = m.pipeline("scale");
  auto x = m.floats(std::vector<float>(1000)), offset = m.floats({1});
  auto times = NS::TransferPtr(m.device->newBuffer(40, MTL::ResourceStorageModeShared));
  m.table->setAddress(x->gpuAddress(), 0);
  m.table->setAddress(offset->gpuAddress(), 1);
  m.commands->beginCommandBuffer(m.allocator.get());
  m.commands->writeTimestampIntoHeap(heap.get(), 0);
  MTL4::ComputeCommandEncoder* encoder = m.commands->computeCommandEncoder();
  encoder->setArgumentTable(m.table.get());
  encoder->setComputePipelineState(scale.get());
  encoder->writeTimestamp(MTL4::TimestampGranularityPrecise, heap.get(), 1);
  encoder->dispatchThreads(MTL::Size(1000, 1, 1), kGroup);
  encoder->writeTimestamp(MTL4::TimestampGranularityPrecise, heap.get(), 2);
  encoder->endEncoding();
  m.commands->resolveCounterHeap(heap.get(), NS::Range(0, 3),
                                 MTL4::BufferRange(times->gpuAddress() + 8, 24), nullptr, nullptr);
  m.commands->endCommandBuffer();
  const Feedback feedback = m.commit({m.commands.get()});
  REQUIRE_MESSAGE(feedback.error.empty(), feedback.error);
  const auto taken = host::values<uint64_t>(times.get());
  CHECK(taken[0] == 0);
  CHECK(taken[1] > 0);
  CHECK(taken[2] >= taken[1]);
  CHECK(taken[3] > taken[2]);
  CHECK(heap->resolveCounterRange(NS::Range(1, 2))->length() == 16);
  heap->invalidateCounterRange(NS::Range(0, 4));
  CHECK_THROWS_WITH(heap->invalidateCounterRange(NS::Range(3, 2)),
                    "-[MTL4CounterHeap invalidateCounterRange:]: samples [3, +2) are beyond the 4 "
                    "of the counter sample buffer");
}

TEST_CASE("a task makes a pipeline, or an error, and can be waited for") {
  Metal4 m;
  std::string error;
  bool made = false;
  for (const char* name : {"sum", "none"}) {
    NS::SharedPtr<MTL4::CompilerTask> task = NS::TransferPtr(m.compiler->newComputePipelineState(
        m.descriptor(name).get(), nullptr,
        MTL4::NewComputePipelineStateCompletionHandlerFunction(
            [&](MTL::ComputePipelineState* pipeline, NS::Error* why) {
              made |= pipeline != nullptr;
              if (why) error = text(why);
            })));
    task->waitUntilCompleted();
    CHECK(task->status() == MTL4::CompilerTaskStatusFinished);
    CHECK(task->compiler() == m.compiler.get());
  }
  CHECK(made);
  CHECK(error == "library 'kernels' has no function 'none'");
}

TEST_CASE("an address is of a buffer that is alive, and resident where validation looks") {
  Metal4 m;
  auto scale = m.pipeline("scale");
  auto x = m.floats({1}), offset = m.floats({1}, /*is_resident=*/false);
  offset->setLabel(host::string("offset"));
  m.table->setAddress(x->gpuAddress(), 0);
  m.table->setAddress(offset->gpuAddress(), 1);
  const auto encode = [&](MTL4::ComputeCommandEncoder* encoder) {
    encoder->setArgumentTable(m.table.get());
    encoder->setComputePipelineState(scale.get());
    encoder->dispatchThreads(MTL::Size(1, 1, 1), MTL::Size(1, 1, 1));
  };
  Feedback feedback = m.run(encode);
  if (host::validated())
    CHECK(contains(feedback.error,
                   "buffer 'offset' of 4 bytes is in an argument table, and in no residency set of "
                   "the command queue's or the command buffer's"));
  else
    CHECK(feedback.error == "");
  m.resident->addAllocation(offset.get());
  CHECK(m.run(encode).error == "");
  m.resident->removeAllocation(offset.get());
  offset.reset();
  feedback = m.run(encode);
  CHECK(contains(feedback.error,
                 "-[MTL4ComputeCommandEncoder dispatchThreads:threadsPerThreadgroup:]: buffer 1 of "
                 "argument table has address 0x"));
  CHECK(contains(feedback.error,
                 "where no buffer is: a buffer has to stay alive until the command "
                 "buffer is completed"));
}

TEST_CASE("calls out of order are exceptions in words") {
  Metal4 m;
  const MTL4::CommandBuffer* one[] = {m.commands.get()};
  CHECK_THROWS_WITH(m.queue4->commit(one, 1),
                    "-[MTL4CommandQueue commit:count:]: command buffer has nothing to commit: each "
                    "time is a recording of its own, from beginCommandBufferWithAllocator: to "
                    "endCommandBuffer");
  CHECK_THROWS_WITH(m.commands->computeCommandEncoder(),
                    "-[MTL4CommandBuffer computeCommandEncoder]: command buffer is not recording: "
                    "call beginCommandBufferWithAllocator: first");
  m.commands->beginCommandBuffer(m.allocator.get());
  CHECK_THROWS_WITH(m.queue4->commit(one, 1),
                    "-[MTL4CommandQueue commit:count:]: command buffer is recording: call "
                    "endCommandBuffer first");
  CHECK_THROWS_WITH(m.allocator->reset(),
                    "-[MTL4CommandAllocator reset]: allocator is recorded with");
  auto second = NS::TransferPtr(m.device->newCommandBuffer());
  CHECK_THROWS_WITH(second->beginCommandBuffer(m.allocator.get()),
                    "-[MTL4CommandBuffer beginCommandBufferWithAllocator:]: another command buffer "
                    "is recording with allocator");
  m.commands->endCommandBuffer();
  CHECK(m.commit({m.commands.get()}).error == "");
  CHECK_THROWS_WITH(m.table->setAddress(0, 8),
                    "-[MTL4ArgumentTable setAddress:atIndex:]: index 8 is beyond the 8 buffers of "
                    "argument table");
  auto sizes = NS::TransferPtr(MTL4::ArgumentTableDescriptor::alloc()->init());
  sizes->setMaxBufferBindCount(32);
  NS::Error* error = nullptr;
  CHECK_FALSE(NS::TransferPtr(m.device->newArgumentTable(sizes.get(), &error)));
  CHECK(text(error) ==
        "-[MTLDevice newArgumentTableWithDescriptor:error:]: maxBufferBindCount 32 "
        "exceeds 31");
  CHECK_FALSE(m.device->supportsFamily(MTL::GPUFamilyMetal4));
}
