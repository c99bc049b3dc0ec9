// Libraries, pipelines and compute encoders, over kernels written in C (stand_in_compiler.sh).
#include "host.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>

using host::contains;
using host::text;

namespace {

constexpr const char* kSource =
    "kernel void axpy(...); kernel void reverse(...); kernel void broken(...);";

// Plain nullptr would be a completion handler just as well.
constexpr NS::Error** kNoError = nullptr;

struct Params {
  uint32_t n;
  float a;
};

struct Compute : host::Setup {
  NS::SharedPtr<MTL::Library> library =
      NS::TransferPtr(device->newLibrary(host::string(kSource), nullptr, kNoError));

  NS::SharedPtr<MTL::Function> function(const char* name) {
    NS::Error* error = nullptr;
    auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
    const uint32_t tile = 8;
    constants->setConstantValue(&tile, MTL::DataTypeUInt, NS::UInteger{3});
    auto result =
        NS::TransferPtr(library->newFunction(host::string(name), constants.get(), &error));
    REQUIRE_MESSAGE(result, text(error));
    return result;
  }
  NS::SharedPtr<MTL::ComputePipelineState> pipeline(const char* name) {
    NS::Error* error = nullptr;
    auto result = NS::TransferPtr(device->newComputePipelineState(function(name).get(), &error));
    REQUIRE_MESSAGE(result, text(error));
    return result;
  }
  /// Commits and gives the error's text, or "(no error)".
  static std::string finish(MTL::CommandBuffer* buffer) {
    buffer->commit();
    buffer->waitUntilCompleted();
    return text(buffer->error());
  }
};

}  // namespace

TEST_CASE("a library lists its functions and has no others") {
  Compute c;
  REQUIRE(c.library);
  CHECK(c.library->functionNames()->count() == 3);
  CHECK(text(c.library->functionNames()->object<NS::String>(0)) == "axpy");
  CHECK(c.library->newFunction(MTLSTR("missing")) == nullptr);
  NS::Error* error = nullptr;
  CHECK(c.library->newFunction(MTLSTR("missing"),
                               static_cast<MTL::FunctionConstantValues*>(nullptr),
                               &error) == nullptr);
  CHECK(error->code() == MTL::LibraryErrorFunctionNotFound);
  CHECK(text(error) == "library has no function 'missing'");
}

TEST_CASE("a source that does not compile is an NSError with the compiler's log") {
  Compute c;
  NS::Error* error = nullptr;
  CHECK(c.device->newLibrary(host::string("kernel void f();\n#error not today\n"),
                             static_cast<MTL::CompileOptions*>(nullptr), &error) == nullptr);
  REQUIRE(error);
  CHECK(text(error->domain()) == "MTLLibraryErrorDomain");
  CHECK(error->code() == MTL::LibraryErrorCompileFailure);
  CHECK_MESSAGE(contains(text(error), ":2:2: error: not today"), text(error));
}

TEST_CASE("a compiler that breaks is an NSError, not a dead process") {
  Compute c;
  NS::Error* error = nullptr;
  auto function = c.function("broken");
  CHECK(c.device->newComputePipelineState(function.get(), &error) == nullptr);
  REQUIRE(error);
  CHECK(text(error->domain()) == "MTLLibraryErrorDomain");
  CHECK_MESSAGE(contains(text(error), "internal compiler error: broken"), text(error));
}

TEST_CASE("dynamic libraries are refused in words") {
  Compute c;
  NS::Error* error = nullptr;
  auto options = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
  options->setLibraryType(MTL::LibraryTypeDynamic);
  CHECK(c.device->newLibrary(host::string(kSource), options.get(), &error) == nullptr);
  CHECK(contains(text(error), "dynamic libraries are not supported"));
}

TEST_CASE("compile options come back and copy") {
  Compute c;
  auto options = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
  CHECK(options->fastMathEnabled());
  options->setMathMode(MTL::MathModeSafe);
  CHECK_FALSE(options->fastMathEnabled());
  options->setLanguageVersion(MTL::LanguageVersion3_2);
  options->setPreprocessorMacros(NS::Dictionary::dictionary(NS::Number::number(4), MTLSTR("TILE")));
  auto copy = NS::TransferPtr(options->copy());
  CHECK(copy->languageVersion() == MTL::LanguageVersion3_2);
  CHECK(copy->preprocessorMacros()->count() == 1);
  CHECK(NS::TransferPtr(c.device->newLibrary(host::string(kSource), options.get(), kNoError)));
}

TEST_CASE("libraries and pipelines are also made off the caller's thread") {
  Compute c;
  std::mutex mutex;
  std::condition_variable changed;
  int done = 0;
  const auto finish = [&](bool right) {
    std::lock_guard lock(mutex);
    done += right ? 1 : 100;
    changed.notify_all();
  };
  c.device->newLibrary(host::string(kSource), nullptr,
                       [&](MTL::Library* library, NS::Error* error) {
                         finish(library && !error && library->functionNames()->count() == 3);
                       });
  c.device->newLibrary(host::string("#error x"), nullptr,
                       [&](MTL::Library* library, NS::Error* error) { finish(!library && error); });
  auto axpy = c.function("axpy");
  c.device->newComputePipelineState(axpy.get(), [&](MTL::ComputePipelineState* state,
                                                    NS::Error* error) { finish(state && !error); });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done >= 3; });
  CHECK(done == 3);
}

TEST_CASE("a pipeline tells its limits and arguments") {
  Compute c;
  auto axpy = c.function("axpy");
  CHECK(text(axpy->name()) == "axpy");
  CHECK(axpy->functionType() == MTL::FunctionTypeKernel);
  auto* constant =
      axpy->functionConstantsDictionary()->object<MTL::FunctionConstant>(MTLSTR("tile"));
  REQUIRE(constant);
  CHECK(constant->index() == 3);
  CHECK(constant->type() == MTL::DataTypeUInt);
  CHECK(constant->required());

  MTL::ComputePipelineReflection* reflection = nullptr;
  NS::Error* error = nullptr;
  auto state = NS::TransferPtr(c.device->newComputePipelineState(
      axpy.get(), MTL::PipelineOptionBindingInfo | MTL::PipelineOptionBufferTypeInfo, &reflection,
      &error));
  REQUIRE_MESSAGE(state, text(error));
  CHECK(state->threadExecutionWidth() == 32);
  CHECK(state->maxTotalThreadsPerThreadgroup() == 1024);
  CHECK(state->staticThreadgroupMemoryLength() == 0);
  REQUIRE(reflection);
  REQUIRE(reflection->bindings()->count() == 3);
  auto* y = reflection->bindings()->object<MTL::BufferBinding>(1);
  CHECK(text(y->name()) == "y");
  CHECK(y->index() == 1);
  CHECK(y->type() == MTL::BindingTypeBuffer);
  CHECK(y->access() == MTL::BindingAccessReadWrite);
  CHECK(y->bufferDataType() == MTL::DataTypeFloat);
  CHECK(y->bufferPointerType()->elementType() == MTL::DataTypeFloat);
  auto* params = reflection->bindings()->object<MTL::BufferBinding>(2);
  CHECK(params->bufferDataType() == MTL::DataTypeStruct);
  CHECK(params->bufferDataSize() == 8);
  CHECK(params->bufferAlignment() == 4);
  auto* a = params->bufferStructType()->memberByName(MTLSTR("a"));
  REQUIRE(a);
  CHECK(a->offset() == 4);
  CHECK(a->dataType() == MTL::DataTypeFloat);
  CHECK(params->bufferStructType()->memberByName(MTLSTR("b")) == nullptr);
  auto* argument = reflection->arguments()->object<MTL::Argument>(0);
  CHECK(text(argument->name()) == "x");
  CHECK(argument->bufferDataSize() == 4);
  CHECK(argument->type() == MTL::ArgumentTypeBuffer);
}

TEST_CASE("a required function constant without a value is an error that names it") {
  Compute c;
  NS::Error* error = nullptr;
  auto bare = NS::TransferPtr(c.library->newFunction(MTLSTR("reverse")));
  CHECK(c.device->newComputePipelineState(bare.get(), &error) == nullptr);
  CHECK(error->code() == MTL::LibraryErrorCompileFailure);
  CHECK_MESSAGE(contains(text(error), "function constant 'tile' is used but has no value"),
                text(error));
  auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
  const float wrong = 1;
  constants->setConstantValue(&wrong, MTL::DataTypeFloat, MTLSTR("tile"));
  CHECK(c.library->newFunction(MTLSTR("reverse"), constants.get(), &error) == nullptr);
  CHECK_MESSAGE(
      contains(text(error), "function constant 3 ('tile') has type uint, its value has type float"),
      text(error));
}

TEST_CASE("a kernel runs over ragged grids, with bytes and offsets") {
  Compute c;
  auto axpy = c.pipeline("axpy");
  for (const uint32_t n : {1u, 31u, 32u, 100u, 1000u, 4097u}) {
    CAPTURE(n);
    std::vector<float> x(n + 3), y(n, 1.0f);
    std::iota(x.begin(), x.end(), -3.0f);
    auto xs = c.buffer(x), ys = c.buffer(y);
    auto* buffer = c.queue->commandBuffer();
    auto* encoder = buffer->computeCommandEncoder();
    encoder->setComputePipelineState(axpy.get());
    encoder->setBuffer(xs.get(), 0, 0);
    encoder->setBufferOffset(3 * sizeof(float), 0);
    encoder->setBuffer(ys.get(), 0, 1);
    Params params{n, 2.0f};
    encoder->setBytes(&params, sizeof params, 2);
    params.a = 100;  // copied above
    encoder->dispatchThreads(MTL::Size(n, 1, 1), MTL::Size(64, 1, 1));
    encoder->endEncoding();
    CHECK(Compute::finish(buffer) == "(no error)");
    const auto result = host::values<float>(ys.get());
    bool right = true;
    for (uint32_t i = 0; i < n; ++i) right &= result[i] == 1.0f + 2.0f * static_cast<float>(i);
    CHECK(right);
  }
}

TEST_CASE("a concurrent encoder keeps the order that its barriers ask for") {
  Compute c;
  auto axpy = c.pipeline("axpy");
  constexpr uint32_t kCount = 300;
  std::mt19937 random(17);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::vector<float>> model(6, std::vector<float>(kCount));
    std::vector<NS::SharedPtr<MTL::Buffer>> buffers;
    for (auto& values : model) {
      std::iota(values.begin(), values.end(), static_cast<float>(random() % 9));
      buffers.push_back(c.buffer(values));
    }
    auto* buffer = c.queue->commandBuffer();
    auto* encoder = buffer->computeCommandEncoder(MTL::DispatchTypeConcurrent);
    encoder->setComputePipelineState(axpy.get());
    std::set<size_t> read, written;  // since the last barrier
    for (int step = 0; step < 24; ++step) {
      const size_t x = random() % model.size(), y = (x + 1 + random() % 5) % model.size();
      const Params params{kCount, random() % 2 ? 1.0f : -1.0f};
      if (written.contains(x) || written.contains(y) || read.contains(y)) {
        encoder->memoryBarrier(MTL::BarrierScopeBuffers);
        read.clear();
        written.clear();
      }
      read.insert(x);
      written.insert(y);
      encoder->setBuffer(buffers[x].get(), 0, 0);
      encoder->setBuffer(buffers[y].get(), 0, 1);
      encoder->setBytes(&params, sizeof params, 2);
      encoder->dispatchThreads(MTL::Size(kCount, 1, 1), MTL::Size(64, 1, 1));
      for (uint32_t i = 0; i < kCount; ++i) model[y][i] += params.a * model[x][i];
    }
    encoder->endEncoding();
    CHECK(Compute::finish(buffer) == "(no error)");
    for (size_t i = 0; i < model.size(); ++i)
      CHECK(host::values<float>(buffers[i].get()) == model[i]);
  }
}

TEST_CASE("threadgroup memory, whole threadgroups and an indirect grid") {
  Compute c;
  auto reverse = c.pipeline("reverse");
  std::vector<uint32_t> numbers(256);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto data = c.buffer(numbers);
  auto grid = c.buffer(std::vector<uint32_t>{99, 2, 1, 1});
  auto* buffer = c.queue->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder(MTL::DispatchTypeConcurrent);
  CHECK(encoder->dispatchType() == MTL::DispatchTypeConcurrent);
  encoder->setComputePipelineState(reverse.get());
  encoder->setBuffer(data.get(), 0, 0);
  encoder->setThreadgroupMemoryLength(64 * 4, 1);
  encoder->dispatchThreadgroups(MTL::Size(4, 1, 1), MTL::Size(64, 1, 1));
  encoder->memoryBarrier(MTL::BarrierScopeBuffers);
  encoder->dispatchThreadgroups(grid.get(), 4, MTL::Size(64, 1, 1));
  encoder->endEncoding();
  CHECK(Compute::finish(buffer) == "(no error)");
  const auto result = host::values<uint32_t>(data.get());
  CHECK(result[0] == 0);
  CHECK(result[127] == 127);
  CHECK(result[128] == 191);
  CHECK(result[255] == 192);
}

TEST_CASE("a dispatch that cannot be right fails with the figures in the error") {
  Compute c;
  auto axpy = c.pipeline("axpy");
  auto reverse = c.pipeline("reverse");
  auto data = NS::TransferPtr(c.device->newBuffer(1024, MTL::ResourceStorageModeShared));
  data->setLabel(MTLSTR("data"));
  auto* buffer = c.queue->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder();
  const MTL::Size one(1, 1, 1), group(64, 1, 1);
  const Params params{1, 1};
  const char* expected = nullptr;
  const auto bind = [&] {
    encoder->setComputePipelineState(axpy.get());
    encoder->setBuffer(data.get(), 0, 0);
    encoder->setBuffer(data.get(), 512, 1);
    encoder->setBytes(&params, sizeof params, 2);
  };
  SUBCASE("no pipeline") {
    encoder->dispatchThreads(one, one);
    expected = "no compute pipeline state is set";
  }
  SUBCASE("nil pipeline") {
    encoder->setComputePipelineState(nullptr);
    expected = "-[MTLComputeCommandEncoder setComputePipelineState:]: nil pipeline";
  }
  SUBCASE("an argument that is not bound") {
    encoder->setComputePipelineState(axpy.get());
    encoder->setBuffer(data.get(), 0, 0);
    encoder->dispatchThreads(one, one);
    expected = "buffer 1 ('y') of kernel axpy is not bound";
  }
  SUBCASE("an argument that was unbound") {
    bind();
    encoder->setBuffer(nullptr, 0, 0);
    encoder->dispatchThreads(one, one);
    expected = "buffer 0 ('x') of kernel axpy is not bound";
  }
  SUBCASE("a constant argument that is too short") {
    bind();
    encoder->setBytes(&params, 4, 2);
    encoder->dispatchThreads(one, one);
    expected = "buffer 2 ('params') of kernel axpy has 4 bytes bound, Params has 8";
  }
  SUBCASE("a misaligned offset") {
    bind();
    encoder->setBufferOffset(2, 0);
    encoder->dispatchThreads(one, one);
    expected = "buffer 0 ('x') of kernel axpy: the bound offset is not aligned to 4 bytes";
  }
  SUBCASE("an offset beyond the end") {
    encoder->setBuffer(data.get(), 1025, 0);
    expected = "offset 1025 is beyond the length 1024 of buffer 'data' at index 0";
  }
  SUBCASE("an offset for nothing") {
    encoder->setBufferOffset(0, 7);
    expected = "no buffer is bound at index 7";
  }
  SUBCASE("an index beyond the last") {
    encoder->setBuffer(data.get(), 0, 31);
    expected = "index 31 exceeds the last one, 30";
  }
  SUBCASE("too many bytes") {
    const std::vector<char> bytes(4097);
    encoder->setBytes(bytes.data(), bytes.size(), 0);
    expected =
        "-[MTLComputeCommandEncoder setBytes:length:atIndex:]: length 4097 at index 0 exceeds 4096";
  }
  SUBCASE("a threadgroup too large") {
    bind();
    encoder->dispatchThreads(one, MTL::Size(32, 32, 2));
    expected = "threadsPerThreadgroup 32 x 32 x 2 exceeds the 1024 threads of kernel axpy";
  }
  SUBCASE("a threadgroup that overflows") {
    bind();
    encoder->dispatchThreads(one, MTL::Size(1ul << 32, 1ul << 32, 1));
    expected = "threadsPerThreadgroup 4294967296 x 4294967296 x 1 exceeds the 1024 threads";
  }
  SUBCASE("an empty threadgroup") {
    bind();
    encoder->dispatchThreads(one, MTL::Size(1, 0, 1));
    expected = "threadsPerThreadgroup is 1 x 0 x 1";
  }
  SUBCASE("an empty grid") {
    bind();
    encoder->dispatchThreads(MTL::Size(0, 1, 1), group);
    expected =
        "-[MTLComputeCommandEncoder dispatchThreads:threadsPerThreadgroup:]: threadsPerGrid is 0 x "
        "1 x 1";
  }
  SUBCASE("a grid too large") {
    bind();
    encoder->dispatchThreadgroups(MTL::Size(1ul << 30, 1, 1), group);
    expected =
        "threadgroupsPerGrid 1073741824 x 1 x 1 of 64 x 1 x 1 threads exceeds 2^32 - 1 threads";
  }
  SUBCASE("threadgroup memory without a length") {
    encoder->setComputePipelineState(reverse.get());
    encoder->setBuffer(data.get(), 0, 0);
    encoder->dispatchThreadgroups(one, group);
    expected = "threadgroup memory 1 ('scratch') of kernel reverse has no length";
  }
  SUBCASE("threadgroup memory of an odd length") {
    encoder->setThreadgroupMemoryLength(20, 1);
    expected = "length 20 is not a multiple of 16";
  }
  SUBCASE("too much threadgroup memory") {
    encoder->setComputePipelineState(reverse.get());
    encoder->setBuffer(data.get(), 0, 0);
    encoder->setThreadgroupMemoryLength(32768, 1);
    encoder->dispatchThreadgroups(one, group);
    expected = "kernel reverse would use 32832 bytes of threadgroup memory, 32768 are there";
  }
  SUBCASE("an indirect buffer that is too short") {
    bind();
    encoder->dispatchThreadgroups(data.get(), 1016, group);
    expected = "indirect buffer 'data': range [1016, +12) is beyond its length 1024";
  }
  SUBCASE("nil resources") {
    encoder->useResource(nullptr, MTL::ResourceUsageRead);
    expected = "-[MTLComputeCommandEncoder useResource:usage:]: nil resource";
  }
  SUBCASE("nil fences") {
    encoder->waitForFence(nullptr);
    expected = "-[MTLComputeCommandEncoder waitForFence:]: nil fence";
  }
  encoder->endEncoding();
  const std::string error = Compute::finish(buffer);
  CHECK_MESSAGE(contains(error, expected), error);
  CHECK(buffer->status() == MTL::CommandBufferStatusError);
}

TEST_CASE("a descriptor narrows what a pipeline accepts") {
  Compute c;
  auto function = c.function("axpy");
  auto descriptor = NS::TransferPtr(MTL::ComputePipelineDescriptor::alloc()->init());
  descriptor->setComputeFunction(function.get());
  descriptor->setLabel(MTLSTR("narrow"));
  descriptor->setMaxTotalThreadsPerThreadgroup(128);
  NS::Error* error = nullptr;
  auto state = NS::TransferPtr(c.device->newComputePipelineState(
      descriptor.get(), MTL::PipelineOptionNone, nullptr, &error));
  REQUIRE_MESSAGE(state, text(error));
  CHECK(text(state->label()) == "narrow");
  CHECK(state->maxTotalThreadsPerThreadgroup() == 128);
  descriptor->reset();
  CHECK(descriptor->computeFunction() == nullptr);
  CHECK(c.device->newComputePipelineState(descriptor.get(), MTL::PipelineOptionNone, nullptr,
                                          &error) == nullptr);
  CHECK(contains(text(error), "no compute function"));
}

TEST_CASE("fences, labels and debug groups are accepted, and errors name the group") {
  Compute c;
  auto fence = NS::TransferPtr(c.device->newFence());
  auto* buffer = c.queue->commandBuffer();
  auto* pass = MTL::ComputePassDescriptor::computePassDescriptor();
  pass->setDispatchType(MTL::DispatchTypeConcurrent);
  auto* encoder = buffer->computeCommandEncoder(pass);
  encoder->waitForFence(fence.get());
  encoder->updateFence(fence.get());
  encoder->insertDebugSignpost(MTLSTR("here"));
  encoder->pushDebugGroup(MTLSTR("layer 3"));
  encoder->setBytes(nullptr, 4, 0);
  encoder->popDebugGroup();
  encoder->endEncoding();
  CHECK(Compute::finish(buffer) ==
        "command buffer: encoder, group 'layer 3': -[MTLComputeCommandEncoder "
        "setBytes:length:atIndex:]: no bytes for "
        "index 0");
}
