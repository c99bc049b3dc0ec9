#include "program.hpp"

#include <cstring>

namespace language {
namespace {

NS::SharedPtr<NS::String> string(std::string_view text) {
  return NS::TransferPtr(
      NS::String::alloc()->init(std::string(text).c_str(), NS::UTF8StringEncoding));
}
std::string text(const NS::Error* error) {
  return error ? error->localizedDescription()->utf8String() : "(no error)";
}
MTL::Size size(Size s) {
  return MTL::Size(s.x, s.y, s.z);
}

NS::SharedPtr<MTL::Library> compile(MTL::Device* device, std::string_view source,
                                    MTL::MathMode math, NS::Error** error) {
  auto options = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
  options->setMathMode(math);
  return NS::TransferPtr(device->newLibrary(string(source).get(), options.get(), error));
}

}  // namespace

Program::Program(std::string_view source, MTL::MathMode math)
    : pool_(NS::AutoreleasePool::alloc()->init()),
      device_(NS::TransferPtr(MTL::CreateSystemDefaultDevice())),
      queue_(NS::TransferPtr(device_->newCommandQueue())) {
  NS::Error* error = nullptr;
  library_ = compile(device_.get(), source, math, &error);
  REQUIRE_MESSAGE(library_, text(error));
}

Program::~Program() {
  library_.reset();
  queue_.reset();
  device_.reset();
  pool_->release();
}

void Program::run(const char* name, Size grid, Size threadgroup, std::vector<Argument> arguments,
                  const std::vector<Constant>& constants) {
  NS::Error* error = nullptr;
  auto values = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
  for (const Constant& c : constants)
    values->setConstantValue(c.data, c.type, NS::UInteger{c.index});
  auto function = NS::TransferPtr(library_->newFunction(string(name).get(), values.get(), &error));
  REQUIRE_MESSAGE(function, text(error));
  auto pipeline = NS::TransferPtr(device_->newComputePipelineState(function.get(), &error));
  REQUIRE_MESSAGE(pipeline, text(error));

  MTL::CommandBuffer* commands = queue_->commandBuffer();
  MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
  encoder->setComputePipelineState(pipeline.get());
  std::vector<std::pair<Argument*, NS::SharedPtr<MTL::Buffer>>> written;
  NS::UInteger memory = 0, shared = 0;
  for (Argument& a : arguments) {
    if (a.kind == Argument::Kind::threadgroup) {
      encoder->setThreadgroupMemoryLength(a.bytes, shared++);
    } else if (a.written) {
      auto buffer =
          NS::TransferPtr(device_->newBuffer(a.data, a.bytes, MTL::ResourceStorageModeShared));
      encoder->setBuffer(buffer.get(), 0, memory++);
      written.emplace_back(&a, buffer);
    } else {
      encoder->setBytes(a.data, a.bytes, memory++);
    }
  }
  encoder->dispatchThreads(size(grid), size(threadgroup));
  encoder->endEncoding();
  commands->commit();
  commands->waitUntilCompleted();
  REQUIRE_MESSAGE(commands->status() == MTL::CommandBufferStatusCompleted, text(commands->error()));
  for (auto& [argument, buffer] : written)
    std::memcpy(argument->data, buffer->contents(), argument->bytes);
}

std::string compile_error(std::string_view source) {
  auto pool = NS::TransferPtr(NS::AutoreleasePool::alloc()->init());
  auto device = NS::TransferPtr(MTL::CreateSystemDefaultDevice());
  NS::Error* error = nullptr;
  auto library = compile(device.get(), source, MTL::MathModeFast, &error);
  if (!library) return text(error);
  // Some errors show when a kernel is made.
  for (NS::UInteger i = 0; i < library->functionNames()->count(); ++i) {
    auto function =
        NS::TransferPtr(library->newFunction(library->functionNames()->object<NS::String>(i)));
    auto pipeline = NS::TransferPtr(device->newComputePipelineState(function.get(), &error));
    if (!pipeline) return text(error);
  }
  return "(no error)";
}

}  // namespace language
