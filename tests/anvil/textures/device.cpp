#include "device.hpp"

namespace textures {

Device::Device()
    : pool_(NS::AutoreleasePool::alloc()->init()),
      device_(NS::TransferPtr(MTL::CreateSystemDefaultDevice())),
      queue_(NS::TransferPtr(device_->newCommandQueue())) {}

Device::~Device() {
  queue_.reset();
  device_.reset();
  pool_->release();
}

Ref<MTL::TextureDescriptor> Device::descriptor(const Description& wanted) const {
  auto descriptor = NS::TransferPtr(MTL::TextureDescriptor::alloc()->init());
  descriptor->setTextureType(wanted.type);
  descriptor->setPixelFormat(wanted.format);
  descriptor->setWidth(wanted.width);
  descriptor->setHeight(wanted.height);
  descriptor->setDepth(wanted.depth);
  descriptor->setMipmapLevelCount(wanted.levels);
  descriptor->setArrayLength(wanted.slices);
  descriptor->setSampleCount(wanted.samples);
  descriptor->setUsage(wanted.usage);
  descriptor->setStorageMode(wanted.storage);
  return descriptor;
}

Ref<MTL::Texture> Device::texture(const Description& wanted) const {
  auto texture = NS::TransferPtr(device_->newTexture(descriptor(wanted).get()));
  REQUIRE(texture);
  return texture;
}

Ref<MTL::ComputePipelineState> Device::pipeline(const std::string& source, const char* name,
                                                MTL::MathMode math) const {
  NS::Error* error = nullptr;
  auto options = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
  options->setMathMode(math);
  auto library = NS::TransferPtr(device_->newLibrary(string(source), options.get(), &error));
  REQUIRE_MESSAGE(library, text(error));
  auto function = NS::TransferPtr(library->newFunction(string(name)));
  REQUIRE(function);
  auto pipeline = NS::TransferPtr(device_->newComputePipelineState(function.get(), &error));
  REQUIRE_MESSAGE(pipeline, text(error));
  return pipeline;
}

std::string Device::compile_error(const std::string& source) const {
  NS::Error* error = nullptr;
  auto library = NS::TransferPtr(device_->newLibrary(string(source), nullptr, &error));
  if (!library) return text(error);
  for (NS::UInteger i = 0; i < library->functionNames()->count(); ++i) {
    auto function =
        NS::TransferPtr(library->newFunction(library->functionNames()->object<NS::String>(i)));
    auto pipeline = NS::TransferPtr(device_->newComputePipelineState(function.get(), &error));
    if (!pipeline) return text(error);
  }
  return "";
}

std::string Device::try_run(MTL::ComputePipelineState* pipeline, MTL::Size grid, MTL::Size group,
                            const Encode& encode) const {
  MTL::CommandBuffer* commands = queue_->commandBuffer();
  MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
  encoder->setComputePipelineState(pipeline);
  encode(encoder);
  encoder->dispatchThreads(grid, group);
  encoder->endEncoding();
  commands->commit();
  commands->waitUntilCompleted();
  return commands->status() == MTL::CommandBufferStatusCompleted ? "" : text(commands->error());
}

void Device::run(MTL::ComputePipelineState* pipeline, MTL::Size grid, MTL::Size group,
                 const Encode& encode) const {
  const std::string error = try_run(pipeline, grid, group, encode);
  REQUIRE_MESSAGE(error.empty(), error);
}

}  // namespace textures
