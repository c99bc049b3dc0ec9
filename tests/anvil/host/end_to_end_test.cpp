// The host classes with the real compiler: MSL in, numbers out.
#include "host.hpp"

#include <cmath>
#include <numeric>

using host::contains;
using host::text;

namespace {

constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;

struct Params { uint n; float a; };

kernel void axpy(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                 constant Params& params [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < params.n) y[i] += params.a * x[i];
}

constant uint kScale [[function_constant(3)]];
constant bool kNegate [[function_constant(4)]];
constant bool kNegateGiven = is_function_constant_defined(kNegate);

kernel void scale(device int* values [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  int v = values[i] * int(kScale) + OFFSET;
  values[i] = kNegateGiven && kNegate ? -v : v;
}

struct Table { device const float* rows[2]; uint count; };
struct Numbered { uint count [[id(4)]]; device float* y [[id(9)]]; };

kernel void number(constant Numbered& numbered, uint i [[thread_position_in_grid]]) {
  if (i < numbered.count) numbered.y[i] = i;
}

kernel void gather(constant Table& table [[buffer(0)]], device float* y [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  if (i < table.count) y[i] = table.rows[0][i] + table.rows[1][i];
}

kernel void sum(device const float* x [[buffer(0)]], device float* result [[buffer(1)]],
                threadgroup float* partial [[threadgroup(0)]], uint i [[thread_position_in_grid]],
                uint group [[threadgroup_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                uint simdgroup [[simdgroup_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]],
                uint simdgroups [[simdgroups_per_threadgroup]]) {
  float s = simd_sum(x[i]);
  if (lane == 0) partial[simdgroup] = s;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) {
    float total = 0;
    for (uint k = 0; k < simdgroups; ++k) total += partial[k];
    result[group] = total;
  }
}
)";

struct Compiled : host::Setup {
  NS::SharedPtr<MTL::Library> library;

  Compiled() {
    auto options = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
    options->setPreprocessorMacros(
        NS::Dictionary::dictionary(NS::Number::number(7), MTLSTR("OFFSET")));
    NS::Error* error = nullptr;
    library = NS::TransferPtr(device->newLibrary(host::string(kSource), options.get(), &error));
    REQUIRE_MESSAGE(library, text(error));
  }
  NS::SharedPtr<MTL::ComputePipelineState> pipeline(MTL::Function* function) {
    NS::Error* error = nullptr;
    auto state = NS::TransferPtr(device->newComputePipelineState(function, &error));
    REQUIRE_MESSAGE(state, text(error));
    return state;
  }
  NS::SharedPtr<MTL::ComputePipelineState> pipeline(const char* name) {
    return pipeline(NS::TransferPtr(library->newFunction(host::string(name))).get());
  }
};

void finish(MTL::CommandBuffer* buffer) {
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(text(buffer->error()) == "(no error)");
}

}  // namespace

TEST_CASE("a kernel with a struct of parameters runs over a ragged grid") {
  Compiled c;
  auto axpy = c.pipeline("axpy");
  std::vector<float> x(1001), y(1001, 1);
  std::iota(x.begin(), x.end(), 0.0f);
  auto xs = c.buffer(x), ys = c.buffer(y);
  const struct {
    uint32_t n;
    float a;
  } params{1001, 0.5f};
  auto* buffer = c.queue->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder();
  encoder->setComputePipelineState(axpy.get());
  encoder->setBuffer(xs.get(), 0, 0);
  encoder->setBuffer(ys.get(), 0, 1);
  encoder->setBytes(&params, sizeof params, 2);
  encoder->dispatchThreads(MTL::Size(1001, 1, 1), MTL::Size(128, 1, 1));
  encoder->endEncoding();
  finish(buffer);
  const auto result = host::values<float>(ys.get());
  bool right = true;
  for (size_t i = 0; i < x.size(); ++i) right &= result[i] == 1 + 0.5f * x[i];  // exact in binary
  CHECK(right);
}

TEST_CASE("function constants and macros reach the kernel") {
  Compiled c;
  for (const int negate : {-1, 0, 1}) {  // -1: left undefined
    CAPTURE(negate);
    auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
    const uint32_t scale = 3;
    constants->setConstantValue(&scale, MTL::DataTypeUInt, MTLSTR("kScale"));
    const bool flag = negate == 1;
    if (negate >= 0) constants->setConstantValue(&flag, MTL::DataTypeBool, NS::UInteger{4});
    NS::Error* error = nullptr;
    auto function =
        NS::TransferPtr(c.library->newFunction(MTLSTR("scale"), constants.get(), &error));
    REQUIRE_MESSAGE(function, text(error));
    auto state = c.pipeline(function.get());
    auto values = c.buffer(std::vector<int>{0, 1, 2, 3});
    auto* buffer = c.queue->commandBuffer();
    auto* encoder = buffer->computeCommandEncoder();
    encoder->setComputePipelineState(state.get());
    encoder->setBuffer(values.get(), 0, 0);
    encoder->dispatchThreads(MTL::Size(4, 1, 1), MTL::Size(4, 1, 1));
    encoder->endEncoding();
    finish(buffer);
    const int sign = negate == 1 ? -1 : 1;
    CHECK(host::values<int>(values.get()) ==
          std::vector<int>{sign * 7, sign * 10, sign * 13, sign * 16});
  }
}

TEST_CASE("a required function constant without a value is an error that names it") {
  Compiled c;
  auto function = NS::TransferPtr(c.library->newFunction(MTLSTR("scale")));
  NS::Error* error = nullptr;
  CHECK(c.device->newComputePipelineState(function.get(), &error) == nullptr);
  CHECK_MESSAGE(contains(text(error), "kScale"), text(error));
}

TEST_CASE("simdgroups, barriers and threadgroup memory work together") {
  Compiled c;
  auto sum = c.pipeline("sum");
  std::vector<float> x(4 * 256);
  std::iota(x.begin(), x.end(), 0.0f);
  auto xs = c.buffer(x);
  auto result =
      NS::TransferPtr(c.device->newBuffer(4 * sizeof(float), MTL::ResourceStorageModeShared));
  auto* buffer = c.queue->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder();
  encoder->setComputePipelineState(sum.get());
  encoder->setBuffer(xs.get(), 0, 0);
  encoder->setBuffer(result.get(), 0, 1);
  encoder->setThreadgroupMemoryLength(32, 0);
  encoder->dispatchThreadgroups(MTL::Size(4, 1, 1), MTL::Size(256, 1, 1));
  encoder->endEncoding();
  finish(buffer);
  for (size_t g = 0; g < 4; ++g)  // integers below 2^24: exact in any order
    CHECK(host::values<float>(result.get())[g] ==
          std::accumulate(x.begin() + 256 * static_cast<long>(g),
                          x.begin() + 256 * static_cast<long>(g + 1), 0.0f));
}

TEST_CASE("a buffer may hold the addresses of others") {
  Compiled c;
  auto gather = c.pipeline("gather");
  auto a = c.buffer(std::vector<float>{1, 2, 3}), b = c.buffer(std::vector<float>{10, 20, 30});
  auto y = c.buffer(std::vector<float>(3));
  struct Table {
    uint64_t rows[2];
    uint32_t count;
  };
  auto table = c.buffer(std::vector<Table>{{{a->gpuAddress(), b->gpuAddress()}, 3}});
  auto* buffer = c.queue->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder();
  encoder->setComputePipelineState(gather.get());
  encoder->setBuffer(table.get(), 0, 0);
  encoder->setBuffer(y.get(), 0, 1);
  const MTL::Resource* rows[] = {a.get(), b.get()};
  encoder->useResources(rows, 2, MTL::ResourceUsageRead);
  encoder->dispatchThreads(MTL::Size(3, 1, 1), MTL::Size(32, 1, 1));
  encoder->endEncoding();
  finish(buffer);
  CHECK(host::values<float>(y.get()) == std::vector<float>{11, 22, 33});
}

TEST_CASE("an argument encoder writes a kernel's structure") {
  Compiled c;
  auto gather = c.pipeline("gather");
  auto function = NS::TransferPtr(c.library->newFunction(MTLSTR("gather")));
  MTL::Argument* reflected = nullptr;
  auto arguments = NS::TransferPtr(function->newArgumentEncoder(0, &reflected));
  REQUIRE(arguments);
  CHECK(text(reflected->name()) == "table");
  CHECK(arguments->encodedLength() == 24);
  auto a = c.buffer(std::vector<float>{1, 2, 3}), b = c.buffer(std::vector<float>{10, 20, 30});
  auto y = c.buffer(std::vector<float>(2));
  auto table = NS::TransferPtr(
      c.device->newBuffer(arguments->encodedLength(), MTL::ResourceStorageModeShared));
  arguments->setArgumentBuffer(table.get(), 0);
  arguments->setBuffer(a.get(), 4, 0);
  arguments->setBuffer(b.get(), 0, 1);
  *static_cast<uint32_t*>(arguments->constantData(2)) = 2;
  auto* buffer = c.queue->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder();
  encoder->setComputePipelineState(gather.get());
  encoder->setBuffer(table.get(), 0, 0);
  encoder->setBuffer(y.get(), 0, 1);
  encoder->dispatchThreads(MTL::Size(2, 1, 1), MTL::Size(32, 1, 1));
  encoder->endEncoding();
  finish(buffer);
  CHECK(host::values<float>(y.get()) == std::vector<float>{12, 23});
  CHECK_FALSE(NS::TransferPtr(function->newArgumentEncoder(NS::UInteger{1})));
  CHECK_FALSE(NS::TransferPtr(function->newArgumentEncoder(NS::UInteger{9})));
}

TEST_CASE("members of an argument buffer may say their indices") {
  Compiled c;
  auto number = c.pipeline("number");
  auto function = NS::TransferPtr(c.library->newFunction(MTLSTR("number")));
  auto arguments = NS::TransferPtr(function->newArgumentEncoder(NS::UInteger{0}));
  REQUIRE(arguments);
  auto y = c.buffer(std::vector<float>(3)), target = c.buffer(std::vector<uint64_t>(2));
  arguments->setArgumentBuffer(target.get(), 0);
  arguments->setBuffer(y.get(), 0, 9);
  *static_cast<uint32_t*>(arguments->constantData(4)) = 2;
  auto* buffer = c.queue->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder();
  encoder->setComputePipelineState(number.get());
  encoder->setBuffer(target.get(), 0, 0);
  encoder->dispatchThreads(MTL::Size(3, 1, 1), MTL::Size(3, 1, 1));
  encoder->endEncoding();
  finish(buffer);
  CHECK(host::values<float>(y.get()) == std::vector<float>{0, 1, 0});
}

TEST_CASE("reflection describes what the compiler saw") {
  Compiled c;
  auto function = NS::TransferPtr(c.library->newFunction(MTLSTR("axpy")));
  MTL::ComputePipelineReflection* reflection = nullptr;
  NS::Error* error = nullptr;
  auto state = NS::TransferPtr(c.device->newComputePipelineState(
      function.get(), MTL::PipelineOptionBindingInfo, &reflection, &error));
  REQUIRE_MESSAGE(state, text(error));
  REQUIRE(reflection->bindings()->count() == 3);
  auto* x = reflection->bindings()->object<MTL::BufferBinding>(0);
  CHECK(text(x->name()) == "x");
  CHECK(x->access() == MTL::BindingAccessReadOnly);
  CHECK(x->bufferDataType() == MTL::DataTypeFloat);
  auto* params = reflection->bindings()->object<MTL::BufferBinding>(2);
  CHECK(params->bufferDataSize() == 8);
  REQUIRE(params->bufferStructType());
  CHECK(params->bufferStructType()->memberByName(MTLSTR("a"))->offset() == 4);
}

TEST_CASE("reflection goes down into structures, arrays and pointers") {
  host::Bench s(R"(
#include <metal_stdlib>
using namespace metal;
struct Inner { float2 at; half weight; };
struct Outer { Inner items[3]; uint codes[2][4]; device float* where; };
kernel void walk(constant Outer& outer [[buffer(0)]], device float* out [[buffer(2)]],
                 threadgroup half* scratch [[threadgroup(1)]],
                 uint i [[thread_position_in_grid]]) {
  scratch[i] = outer.items[i % 3].weight;
  out[i] = outer.where[outer.codes[i % 2][i % 4]] + float(scratch[i]);
}
)");
  auto function = NS::TransferPtr(s.library->newFunction(MTLSTR("walk")));
  MTL::ComputePipelineReflection* reflection = nullptr;
  NS::Error* error = nullptr;
  auto state = NS::TransferPtr(s.device->newComputePipelineState(
      function.get(), MTL::PipelineOptionBindingInfo | MTL::PipelineOptionBufferTypeInfo,
      &reflection, &error));
  REQUIRE_MESSAGE(state, text(error));
  REQUIRE(reflection->bindings()->count() == 3);
  for (NS::UInteger i = 0; i < 3; ++i)
    CHECK(reflection->bindings()->object<MTL::Binding>(i)->isUsed());
  auto* binding = reflection->bindings()->object<MTL::BufferBinding>(0);
  // As C lays them out: 8 bytes and 2, to a multiple of 8; 48 + 32 + 8.
  CHECK(binding->bufferDataSize() == 88);
  MTL::StructType* outer = binding->bufferStructType();
  REQUIRE(outer->members()->count() == 3);
  CHECK(static_cast<MTL::Type*>(outer)->dataType() == MTL::DataTypeStruct);
  MTL::StructMember* items = outer->memberByName(MTLSTR("items"));
  REQUIRE(items->dataType() == MTL::DataTypeArray);
  MTL::ArrayType* array = items->arrayType();
  CHECK(array->arrayLength() == 3);
  CHECK(array->stride() == 16);
  REQUIRE(array->elementType() == MTL::DataTypeStruct);
  CHECK(array->elementStructType()->memberByName(MTLSTR("weight"))->offset() == 8);
  CHECK(array->elementStructType()->memberByName(MTLSTR("at"))->dataType() == MTL::DataTypeFloat2);
  array = outer->memberByName(MTLSTR("codes"))->arrayType();
  CHECK(outer->memberByName(MTLSTR("codes"))->offset() == 48);
  CHECK(array->arrayLength() == 2);
  CHECK(array->stride() == 16);
  CHECK(array->elementArrayType()->arrayLength() == 4);
  CHECK(array->elementArrayType()->elementType() == MTL::DataTypeUInt);
  CHECK(array->elementPointerType() == nullptr);
  MTL::StructMember* where = outer->memberByName(MTLSTR("where"));
  CHECK(where->offset() == 80);
  CHECK(where->dataType() == MTL::DataTypePointer);
  MTL::PointerType* out =
      reflection->bindings()->object<MTL::BufferBinding>(1)->bufferPointerType();
  REQUIRE(out);
  CHECK(out->elementType() == MTL::DataTypeFloat);
  CHECK(out->dataSize() == 4);
  CHECK(out->access() == MTL::BindingAccessReadWrite);
  MTL::ThreadgroupBinding* scratch = nullptr;
  for (NS::UInteger i = 0; i < 3; ++i)
    if (auto* each = reflection->bindings()->object<MTL::ThreadgroupBinding>(i);
        each->type() == MTL::BindingTypeThreadgroupMemory)
      scratch = each;
  REQUIRE(scratch);
  CHECK(text(scratch->name()) == "scratch");
  CHECK(scratch->index() == 1);
  CHECK(scratch->threadgroupMemoryDataSize() == 2);
  CHECK(scratch->threadgroupMemoryAlignment() == 2);
}

TEST_CASE("an error in the source comes with its own line") {
  host::Setup s;
  NS::Error* error = nullptr;
  CHECK(s.device->newLibrary(
            host::string(
                "#include <metal_stdlib>\nkernel void f(device flaot* x [[buffer(0)]]) {}\n"),
            nullptr, &error) == nullptr);
  REQUIRE(error);
  CHECK(text(error->domain()) == "MTLLibraryErrorDomain");
  CHECK(error->code() == MTL::LibraryErrorCompileFailure);
  CHECK_MESSAGE(contains(text(error), ":2:"), text(error));
  CHECK_MESSAGE(contains(text(error), "flaot"), text(error));
}
