// What Metal's validation refuses, and what a Mac does without it.
#include <stdexcept>

#include "device.hpp"

using namespace textures;

namespace {

bool validated() {
  const char* value = std::getenv("ANVIL_VALIDATION");
  return value && std::string(value) == "1";
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;
kernel void get(texture2d<float> image [[texture(2)]], sampler s [[sampler(1)]],
                device float4* out [[buffer(0)]]) {
  out[0] = image.read(uint2(0));
  out[1] = image.sample(s, float2(0.5f));
  out[2] = float4(image.get_width(), is_null_texture(image), 0, 0);
}
kernel void put(texture2d<float, access::write> image [[texture(0)]]) {
  image.write(float4(1), uint2(0));
  image.write(float4(1), uint2(1000, 1));
}
)";

}  // namespace

TEST_SUITE_BEGIN("validation");

TEST_CASE("a texture that is not bound is an error, or zeros") {
  const Device device;
  auto pipeline = device.pipeline(kSource, "get");
  auto out = device.buffer(std::vector<float>(12, 9.0f));
  const std::string error =
      device.try_run(pipeline.get(), {1, 1, 1}, {1, 1, 1},
                     [&](auto* encoder) { encoder->setBuffer(out.get(), 0, 0); });
  if (validated()) {
    CHECK(contains(error, "texture 2 ('image') of kernel get is not bound"));
  } else {
    CHECK(error == "");
    CHECK(values<float>(out.get()) == std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0});
  }
}

TEST_CASE("a texture of another type, format or usage") {
  const Device device;
  auto pipeline = device.pipeline(kSource, "put");
  const auto error_of = [&](const Description& wanted) {
    auto texture = device.texture(wanted);
    return device.try_run(pipeline.get(), {1, 1, 1}, {1, 1, 1},
                          [&](auto* encoder) { encoder->setTexture(texture.get(), 0); });
  };
  const std::string errors[] = {error_of({.type = MTL::TextureType2DArray}),
                                error_of({.format = MTL::PixelFormatR32Uint}),
                                error_of({.usage = MTL::TextureUsageShaderRead})};
  const char* texts[] = {
      "texture 0 ('image') of kernel put is texture2d, bound is a 2D array texture",
      "has floating-point numbers, the pixel format R32Uint of the bound texture unsigned integers",
      "is written, the usage of the bound texture lacks MTLTextureUsageShaderWrite"};
  for (size_t i = 0; i < 3; ++i)
    if (validated())
      CHECK_MESSAGE(contains(errors[i], texts[i]), errors[i]);
    else
      CHECK(errors[i] == "");
}

TEST_CASE("writes outside are dropped") {
  const Device device;
  auto pipeline = device.pipeline(kSource, "put");
  auto texture = device.texture({.format = MTL::PixelFormatR8Unorm, .width = 2, .height = 2});
  device.run(pipeline.get(), {1, 1, 1}, {1, 1, 1},
             [&](auto* encoder) { encoder->setTexture(texture.get(), 0); });
  CHECK(texels<uint8_t>(texture.get()) == std::vector<uint8_t>{255, 0, 0, 0});
}

TEST_CASE("indices that there are not") {
  const Device device;
  auto pipeline = device.pipeline(kSource, "put");
  CHECK(contains(device.try_run(pipeline.get(), {1, 1, 1}, {1, 1, 1},
                                [&](auto* encoder) { encoder->setTexture(nullptr, 128); }),
                 "setTexture:atIndex:]: index 128 exceeds the last one, 127"));
  CHECK(contains(device.try_run(pipeline.get(), {1, 1, 1}, {1, 1, 1},
                                [&](auto* encoder) {
                                  encoder->setSamplerState(
                                      static_cast<const MTL::SamplerState*>(nullptr), 16);
                                }),
                 "setSamplerState:atIndex:]: index 16 exceeds the last one, 15"));
}

TEST_CASE("textures that there cannot be are nil") {
  const Device device;
  const auto made = [&](const Description& wanted) {
    return device->newTexture(device.descriptor(wanted).get()) != nullptr;
  };
  CHECK_FALSE(made({.format = MTL::PixelFormatBC1_RGBA}));
  CHECK_FALSE(made({.width = 0}));
  CHECK_FALSE(made({.width = 16385}));
  CHECK_FALSE(made({.width = 8, .levels = 5}));
  CHECK_FALSE(made({.depth = 2}));
  CHECK_FALSE(made({.samples = 4}));
  CHECK_FALSE(made({.type = MTL::TextureTypeCube, .width = 4, .height = 8}));
  CHECK_FALSE(made({.format = MTL::PixelFormatB5G6R5Unorm}));
  CHECK_FALSE(made({.storage = MTL::StorageModeMemoryless}));
}

TEST_CASE("regions beyond an end") {
  const Device device;
  auto texture = device.texture({.format = MTL::PixelFormatR8Unorm, .width = 4, .height = 4});
  auto buffer = device.buffer(std::vector<uint8_t>(16));
  const auto error = [&](const std::function<void(MTL::BlitCommandEncoder*)>& encode) {
    MTL::CommandBuffer* commands = device.queue()->commandBuffer();
    MTL::BlitCommandEncoder* encoder = commands->blitCommandEncoder();
    encode(encoder);
    encoder->endEncoding();
    commands->commit();
    commands->waitUntilCompleted();
    return text(commands->error());
  };
  CHECK(contains(error([&](auto* encoder) {
                   encoder->copyFromBuffer(buffer.get(), 0, 4, 16, {4, 4, 1}, texture.get(), 0, 0,
                                           {1, 0, 0});
                 }),
                 "destination: region (1, 0, 0) + 4 x 4 x 1 is beyond level 0, 4 x 4 x 1"));
  CHECK(contains(error([&](auto* encoder) {
                   encoder->copyFromBuffer(buffer.get(), 1, 4, 16, {4, 4, 1}, texture.get(), 0, 0,
                                           {0, 0, 0});
                 }),
                 "source: range [1, +16) is beyond its length 16"));
  CHECK(contains(error([&](auto* encoder) {
                   encoder->copyFromTexture(texture.get(), 0, 1, {0, 0, 0}, {1, 1, 1}, buffer.get(),
                                            0, 4, 4);
                 }),
                 "source: level 1 is not there, the texture has 1"));
  std::vector<uint8_t> bytes(64);
  CHECK_THROWS_WITH_AS(texture->getBytes(bytes.data(), 4, MTL::Region(0, 0, 5, 1), 0),
                       doctest::Contains("is beyond level 0"), std::logic_error);
}

TEST_SUITE_END();
