// Where textures come from, and how their texels get from here to there.
#include <numeric>

#include "device.hpp"

using namespace textures;

namespace {

std::vector<uint8_t> counted(size_t count) {
  std::vector<uint8_t> all(count);
  std::iota(all.begin(), all.end(), uint8_t{0});
  return all;
}

void blit(const Device& device, const std::function<void(MTL::BlitCommandEncoder*)>& encode) {
  MTL::CommandBuffer* commands = device.queue()->commandBuffer();
  MTL::BlitCommandEncoder* encoder = commands->blitCommandEncoder();
  encode(encoder);
  encoder->endEncoding();
  commands->commit();
  commands->waitUntilCompleted();
  REQUIRE_MESSAGE(commands->status() == MTL::CommandBufferStatusCompleted, text(commands->error()));
}

}  // namespace

TEST_CASE("a texture is what its descriptor says") {
  const Device device;
  auto* descriptor =
      MTL::TextureDescriptor::texture2DDescriptor(MTL::PixelFormatBGRA8Unorm, 300, 200, true);
  CHECK(descriptor->mipmapLevelCount() == 9);
  descriptor->setUsage(MTL::TextureUsageShaderRead | MTL::TextureUsagePixelFormatView);
  auto texture = NS::TransferPtr(device->newTexture(descriptor));
  CHECK(texture->width() == 300);
  CHECK(texture->height() == 200);
  CHECK(texture->depth() == 1);
  CHECK(texture->mipmapLevelCount() == 9);
  CHECK(texture->arrayLength() == 1);
  CHECK(texture->pixelFormat() == MTL::PixelFormatBGRA8Unorm);
  CHECK(texture->textureType() == MTL::TextureType2D);
  CHECK(texture->usage() == (MTL::TextureUsageShaderRead | MTL::TextureUsagePixelFormatView));
  CHECK(texture->swizzle().alpha == MTL::TextureSwizzleAlpha);
  CHECK(texture->gpuResourceID()._impl != 0);
  CHECK(texture->allocatedSize() > 300 * 200 * 4);
  CHECK(texture->parentTexture() == nullptr);
  CHECK(texture->device() == device.operator->());
  auto* copy = descriptor->copy();
  CHECK(copy->height() == 200);
  copy->release();
  auto* cube = MTL::TextureDescriptor::textureCubeDescriptor(MTL::PixelFormatR8Unorm, 64, true);
  CHECK(cube->textureType() == MTL::TextureTypeCube);
  CHECK(cube->mipmapLevelCount() == 7);
  CHECK(device->readWriteTextureSupport() == MTL::ReadWriteTextureTier2);
  CHECK(device->minimumLinearTextureAlignmentForPixelFormat(MTL::PixelFormatR8Unorm) == 16);
}

TEST_CASE("regions, levels and slices go in and come out") {
  const Device device;
  auto texture = device.texture({.type = MTL::TextureType2DArray,
                                 .format = MTL::PixelFormatRG8Unorm,
                                 .width = 9,
                                 .height = 6,
                                 .levels = 3,
                                 .slices = 3});
  fill(texture.get(), counted(4 * 3 * 2), 1, 2);
  CHECK(texels<uint8_t>(texture.get(), 2, 1, 2) == counted(24));
  CHECK(texels<uint8_t>(texture.get(), 2, 1, 1) == std::vector<uint8_t>(24));
  const auto small = counted(2 * 2 * 2);
  texture->replaceRegion(MTL::Region(3, 4, 2, 2), 0, 1, small.data(), 4, 0);
  std::vector<uint8_t> one(2);
  texture->getBytes(one.data(), 2, 2, MTL::Region(4, 5, 1, 1), 0, 1);
  CHECK(one == std::vector<uint8_t>{6, 7});
  auto volume = device.texture({.type = MTL::TextureType3D,
                                .format = MTL::PixelFormatR8Unorm,
                                .width = 4,
                                .height = 3,
                                .depth = 5});
  fill(volume.get(), counted(60));
  std::vector<uint8_t> part(2 * 2 * 2);
  volume->getBytes(part.data(), 2, 4, MTL::Region(1, 1, 3, 2, 2, 2), 0, 0);
  CHECK(part == std::vector<uint8_t>{41, 42, 45, 46, 53, 54, 57, 58});
}

TEST_CASE("views see the same texels as other formats, levels, slices and channels") {
  const Device device;
  auto texture = device.texture({.type = MTL::TextureType2DArray,
                                 .format = MTL::PixelFormatRGBA8Unorm,
                                 .width = 8,
                                 .height = 8,
                                 .levels = 4,
                                 .slices = 4});
  auto whole = NS::TransferPtr(texture->newTextureView(MTL::PixelFormatR32Uint));
  CHECK(whole->arrayLength() == 4);
  auto part = NS::TransferPtr(texture->newTextureView(
      MTL::PixelFormatRGBA8Unorm_sRGB, MTL::TextureType2D, NS::Range(1, 2), NS::Range(3, 1)));
  CHECK(part->width() == 4);
  CHECK(part->mipmapLevelCount() == 2);
  CHECK(part->parentTexture() == texture.get());
  CHECK(part->parentRelativeLevel() == 1);
  CHECK(part->parentRelativeSlice() == 3);
  fill(texture.get(), counted(64), 1, 3);
  CHECK(texels<uint8_t>(part.get(), 4) == counted(64));
  CHECK(texels<uint32_t>(whole.get(), 1, 1, 3)[1] == 0x07060504);

  auto swizzled = NS::TransferPtr(texture->newTextureView(
      MTL::PixelFormatRGBA8Unorm, MTL::TextureType2D, NS::Range(1, 1), NS::Range(3, 1),
      MTL::TextureSwizzleChannels(MTL::TextureSwizzleBlue, MTL::TextureSwizzleOne,
                                  MTL::TextureSwizzleZero, MTL::TextureSwizzleRed)));
  auto pipeline = device.pipeline(R"(
#include <metal_stdlib>
using namespace metal;
kernel void get(texture2d<float> t [[texture(0)]], device float4* out [[buffer(0)]]) {
  out[0] = t.read(uint2(1, 0)) * 255;
}
)",
                                  "get");
  auto out = device.buffer(std::vector<float>(4));
  device.run(pipeline.get(), {1, 1, 1}, {1, 1, 1}, [&](auto* encoder) {
    encoder->setTexture(swizzled.get(), 0);
    encoder->setBuffer(out.get(), 0, 0);
  });
  CHECK(values<float>(out.get()) == std::vector<float>{6, 255, 0, 4});
  CHECK(texture->newTextureView(MTL::PixelFormatR8Unorm) == nullptr);
  CHECK(texture->newTextureView(MTL::PixelFormatRGBA8Unorm, MTL::TextureType2D, NS::Range(3, 2),
                                NS::Range(0, 1)) == nullptr);
  CHECK(texture->newTextureView(MTL::PixelFormatRGBA8Unorm, MTL::TextureType3D, NS::Range(0, 1),
                                NS::Range(0, 1)) == nullptr);
}

TEST_CASE("textures over a buffer and in a heap") {
  const Device device;
  auto buffer = device.buffer(counted(256));
  auto wanted = device.descriptor({.format = MTL::PixelFormatR8Uint, .width = 20, .height = 4});
  auto linear = NS::TransferPtr(buffer->newTexture(wanted.get(), 16, 32));
  REQUIRE(linear);
  CHECK(linear->buffer() == buffer.get());
  CHECK(linear->bufferOffset() == 16);
  CHECK(linear->bufferBytesPerRow() == 32);
  CHECK(linear->rootResource() == buffer.get());
  CHECK(texels<uint8_t>(linear.get())[3 * 20 + 19] == 16 + 3 * 32 + 19);
  CHECK(buffer->newTexture(wanted.get(), 16, 16) == nullptr);
  CHECK(buffer->newTexture(wanted.get(), 160, 32) == nullptr);

  auto heap_descriptor = NS::TransferPtr(MTL::HeapDescriptor::alloc()->init());
  heap_descriptor->setStorageMode(MTL::StorageModeShared);
  const auto need = device->heapTextureSizeAndAlign(wanted.get());
  CHECK(need.size >= 80);
  heap_descriptor->setSize(2 * need.size);
  auto heap = NS::TransferPtr(device->newHeap(heap_descriptor.get()));
  auto first = NS::TransferPtr(heap->newTexture(wanted.get()));
  auto second = NS::TransferPtr(heap->newTexture(wanted.get()));
  REQUIRE(second);
  CHECK(second->heap() == heap.get());
  CHECK(second->heapOffset() == need.size);
  CHECK(heap->newTexture(wanted.get()) == nullptr);
  fill(second.get(), counted(80));
  CHECK(texels<uint8_t>(first.get()) == std::vector<uint8_t>(80));
  second->makeAliasable();
  CHECK(second->isAliasable());
  auto third = NS::TransferPtr(heap->newTexture(wanted.get()));
  REQUIRE(third);
  CHECK(texels<uint8_t>(third.get()) == counted(80));
}

TEST_CASE("blits between textures and buffers") {
  const Device device;
  auto from = device.buffer(counted(256));
  auto to = device.buffer(std::vector<uint8_t>(64));
  auto hidden = device.texture({.format = MTL::PixelFormatR8Uint,
                                .width = 8,
                                .height = 8,
                                .levels = 2,
                                .storage = MTL::StorageModePrivate});
  auto shown =
      device.texture({.format = MTL::PixelFormatR8Uint, .width = 8, .height = 8, .levels = 2});
  blit(device, [&](MTL::BlitCommandEncoder* encoder) {
    encoder->copyFromBuffer(from.get(), 3, 16, 0, {8, 8, 1}, hidden.get(), 0, 0, {0, 0, 0});
    encoder->copyFromTexture(hidden.get(), 0, 0, {2, 1, 0}, {3, 2, 1}, hidden.get(), 0, 1,
                             {1, 2, 0});
    encoder->copyFromTexture(hidden.get(), shown.get());
    encoder->copyFromTexture(hidden.get(), 0, 0, {0, 0, 0}, {8, 8, 1}, to.get(), 0, 8, 64);
  });
  CHECK(texels<uint8_t>(shown.get()) == values<uint8_t>(to.get()));
  CHECK(values<uint8_t>(to.get())[8 * 7 + 5] == 3 + 16 * 7 + 5);
  CHECK(texels<uint8_t>(shown.get(), 1, 1) ==
        std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 21, 22, 23, 0, 37, 38, 39});
}

TEST_CASE("levels are the means of the texels that they cover") {
  const Device device;
  auto texture = device.texture({.type = MTL::TextureType2DArray,
                                 .format = MTL::PixelFormatR32Float,
                                 .width = 8,
                                 .height = 4,
                                 .levels = 4,
                                 .slices = 2});
  std::vector<float> all(32);
  std::iota(all.begin(), all.end(), 0.0f);
  fill(texture.get(), all, 0, 1);
  auto volume = device.texture({.type = MTL::TextureType3D,
                                .format = MTL::PixelFormatR32Float,
                                .width = 2,
                                .height = 2,
                                .depth = 2,
                                .levels = 2});
  fill(volume.get(), std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
  blit(device, [&](MTL::BlitCommandEncoder* encoder) {
    encoder->generateMipmaps(texture.get());
    encoder->generateMipmaps(volume.get());
  });
  CHECK(texels<float>(texture.get(), 1, 1, 1) ==
        std::vector<float>{4.5f, 6.5f, 8.5f, 10.5f, 20.5f, 22.5f, 24.5f, 26.5f});
  CHECK(texels<float>(texture.get(), 1, 3, 1) == std::vector<float>{15.5f});
  CHECK(texels<float>(texture.get(), 1, 1, 0) == std::vector<float>(8));
  CHECK(texels<float>(volume.get(), 1, 1) == std::vector<float>{4.5f});
}

TEST_CASE("the texture lives as long as its views and commands need it") {
  const Device device;
  auto out = device.buffer(std::vector<float>(1));
  auto pipeline = device.pipeline(R"(
#include <metal_stdlib>
using namespace metal;
kernel void get(texture2d<float> t [[texture(0)]], device float* out [[buffer(0)]]) {
  out[0] = t.read(uint2(0)).x;
}
)",
                                  "get");
  MTL::CommandBuffer* commands = device.queue()->commandBuffer();
  {
    auto texture = device.texture({.format = MTL::PixelFormatR32Float});
    fill(texture.get(), std::vector<float>{3});
    auto view = NS::TransferPtr(texture->newTextureView(MTL::PixelFormatR32Float));
    texture.reset();
    auto* encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(pipeline.get());
    encoder->setTexture(view.get(), 0);
    encoder->setBuffer(out.get(), 0, 0);
    encoder->dispatchThreads({1, 1, 1}, {1, 1, 1});
    encoder->endEncoding();
  }
  commands->commit();
  commands->waitUntilCompleted();
  CHECK(values<float>(out.get())[0] == 3);
}
