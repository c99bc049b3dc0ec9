// The texture types of MSL: what each has, where arguments lie, and what is refused.
#include "device.hpp"

using namespace textures;

namespace {
constexpr const char* kHead = "#include <metal_stdlib>\nusing namespace metal;\n";
bool contains(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}
}  // namespace

TEST_CASE("each type's sizes, reads and writes") {
  const Device device;
  struct Case {
    MTL::TextureType type;
    const char* name;
    const char* sizes;
    const char* place;
    NS::UInteger height, depth, slices;
    NS::UInteger images;  // of a level: what getBytes counts
    std::vector<uint32_t> right;
  };
  const Case cases[] = {
      {MTL::TextureType1D,
       "texture1d",
       "uint4(t.get_width(), t.get_num_mip_levels(), 0, 0)",
       "5",
       1,
       1,
       1,
       1,
       {8, 1, 0, 0}},
      {MTL::TextureType1DArray,
       "texture1d_array",
       "uint4(t.get_width(), t.get_array_size(), 0, 0)",
       "5, 2",
       1,
       1,
       3,
       3,
       {8, 3, 0, 0}},
      {MTL::TextureType2D,
       "texture2d",
       "uint4(t.get_width(), t.get_height(), 0, 0)",
       "uint2(5, 3)",
       8,
       1,
       1,
       1,
       {8, 8, 0, 0}},
      {MTL::TextureType2DArray,
       "texture2d_array",
       "uint4(t.get_width(), t.get_height(), t.get_array_size(), 0)",
       "ushort2(5, 3), 2",
       8,
       1,
       3,
       3,
       {8, 8, 3, 0}},
      {MTL::TextureType3D,
       "texture3d",
       "uint4(t.get_width(), t.get_height(), t.get_depth(), 0)",
       "uint3(5, 3, 2)",
       8,
       4,
       1,
       1,
       {8, 8, 4, 0}},
      {MTL::TextureTypeCube,
       "texturecube",
       "uint4(t.get_width(), t.get_height(), 0, 0)",
       "uint2(5, 3), 4",
       8,
       1,
       1,
       6,
       {8, 8, 0, 0}},
      {MTL::TextureTypeCubeArray,
       "texturecube_array",
       "uint4(t.get_width(), t.get_height(), t.get_array_size(), 0)",
       "uint2(5, 3), 4, 1",
       8,
       1,
       2,
       12,
       {8, 8, 2, 0}},
      {MTL::TextureTypeTextureBuffer,
       "texture_buffer",
       "uint4(t.get_width(), 0, 0, 0)",
       "5",
       1,
       1,
       1,
       1,
       {8, 0, 0, 0}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    auto texture = device.texture({.type = c.type,
                                   .format = MTL::PixelFormatRGBA16Uint,
                                   .width = 8,
                                   .height = c.height,
                                   .depth = c.depth,
                                   .slices = c.slices});
    const std::string type = c.name, place = c.place;
    auto pipeline = device.pipeline(std::string(kHead) + "kernel void use(" + type +
                                        "<ushort, access::read_write> t [[texture(3)]],"
                                        " device uint4* out [[buffer(0)]]) {\n  out[0] = " +
                                        c.sizes +
                                        ";\n"
                                        "  t.write(ushort4(7, 8, 9, 10), " +
                                        place +
                                        ");\n  t.fence();\n"
                                        "  out[1] = uint4(t.read(" +
                                        place + "));\n}\n",
                                    "use");
    auto out = device.buffer(std::vector<uint32_t>(8));
    device.run(pipeline.get(), {1, 1, 1}, {1, 1, 1}, [&](auto* encoder) {
      encoder->setTexture(texture.get(), 3);
      encoder->setBuffer(out.get(), 0, 0);
    });
    std::vector<uint32_t> right = c.right;
    right.insert(right.end(), {7, 8, 9, 10});
    CHECK(values<uint32_t>(out.get()) == right);
    size_t written = 0;
    for (NS::UInteger image = 0; image < c.images; ++image)
      for (const uint16_t each : texels<uint16_t>(texture.get(), 4, 0, image)) written += each != 0;
    CHECK(written == 4);
  }
}

TEST_CASE("samples of multisampled textures are read one by one") {
  const Device device;
  auto texture = device.texture({.type = MTL::TextureType2DMultisample,
                                 .format = MTL::PixelFormatR8Uint,
                                 .width = 4,
                                 .height = 4,
                                 .samples = 4,
                                 .usage = MTL::TextureUsageShaderRead});
  for (NS::UInteger sample = 0; sample < 4; ++sample)
    fill(texture.get(), std::vector<uint8_t>(16, uint8_t(10 + sample)), 0, sample);
  auto pipeline = device.pipeline(std::string(kHead) + R"(
kernel void use(texture2d_ms<uint, access::read> t [[texture(0)]], device uint* out [[buffer(0)]]) {
  for (uint i = 0; i < 5; ++i) out[i] = t.read(uint2(1, 2), i).x;
  out[5] = t.get_num_samples();
}
)",
                                  "use");
  auto out = device.buffer(std::vector<uint32_t>(6));
  device.run(pipeline.get(), {1, 1, 1}, {1, 1, 1}, [&](auto* encoder) {
    encoder->setTexture(texture.get(), 0);
    encoder->setBuffer(out.get(), 0, 0);
  });
  CHECK(values<uint32_t>(out.get()) == std::vector<uint32_t>{10, 11, 12, 13, 0, 4});
}

TEST_CASE("arrays of textures, automatic indices and predicates") {
  const Device device;
  std::vector<Ref<MTL::Texture>> textures;
  for (uint8_t i = 0; i < 5; ++i) {
    textures.push_back(device.texture({.format = MTL::PixelFormatR8Uint, .width = 1, .height = 1}));
    fill(textures.back().get(), std::vector<uint8_t>{uint8_t(10 * i + 1)});
  }
  auto pipeline = device.pipeline(std::string(kHead) + R"(
constant bool has_more [[function_constant(0)]];
constant bool lacks_more = !is_function_constant_defined(has_more);
kernel void use(texture2d<uint, access::read> first, array<texture2d<uint, access::read>, 3> several,
                texture2d<uint, access::read> fixed [[texture(0)]],
                texture2d<uint, access::read> absent [[texture(9), function_constant(has_more)]],
                device uint* out, uint i [[thread_position_in_grid]]) {
  out[i] = first.read(uint2(0)).x;
  out[32 + i] = several[i % 3].read(uint2(0)).x;
  out[64 + i] = fixed.read(uint2(0)).x;
}
)",
                                  "use");
  auto out = device.buffer(std::vector<uint32_t>(96));
  device.run(pipeline.get(), {32, 1, 1}, {32, 1, 1}, [&](auto* encoder) {
    const MTL::Texture* all[] = {textures[0].get(), textures[1].get(), textures[2].get(),
                                 textures[3].get(), textures[4].get()};
    encoder->setTextures(all, NS::Range(0, 5));
    encoder->setBuffer(out.get(), 0, 0);
  });
  const auto got = values<uint32_t>(out.get());
  for (size_t i = 0; i < 32; ++i) {
    CHECK(got[i] == 11);
    CHECK(got[32 + i] == 21 + 10 * (i % 3));
    CHECK(got[64 + i] == 1);
  }
}

namespace {

constexpr const char* kArgumentBuffer = R"(
struct Arguments {
  texture2d<float> image [[id(0)]];
  sampler smooth [[id(1)]];
  array<texture2d<float, access::read_write>, 2> several [[id(2)]];
  float scale [[id(4)]];
};
kernel void use(constant Arguments& a [[buffer(0)]]) {
  a.several[1].write(float4(a.scale * a.image.sample(a.smooth, float2(0.5f, 0.5f)).x), uint2(0));
  a.several[1].write(a.several[0].read(uint2(1, 0)), uint2(1, 0));
}
)";

Ref<MTL::Function> function_use(const Device& device) {
  NS::Error* error = nullptr;
  auto library = NS::TransferPtr(
      device->newLibrary(string(std::string(kHead) + kArgumentBuffer), nullptr, &error));
  REQUIRE(library);
  return NS::TransferPtr(library->newFunction(string("use")));
}

}  // namespace

TEST_CASE("textures and samplers in argument buffers") {
  const Device device;
  auto image = device.texture({.format = MTL::PixelFormatR32Float, .width = 2, .height = 1});
  fill(image.get(), std::vector<float>{1, 3});
  auto result = device.texture({.format = MTL::PixelFormatR32Float, .width = 2, .height = 1});
  auto descriptor = NS::TransferPtr(MTL::SamplerDescriptor::alloc()->init());
  descriptor->setMagFilter(MTL::SamplerMinMagFilterLinear);
  descriptor->setSupportArgumentBuffers(true);
  auto sampler = NS::TransferPtr(device->newSamplerState(descriptor.get()));
  struct Arguments {
    MTL::ResourceID image, sampler, several[2];
    float scale, padding;
  } arguments{image->gpuResourceID(),
              sampler->gpuResourceID(),
              {image->gpuResourceID(), result->gpuResourceID()},
              10,
              0};
  auto buffer = device.buffer(std::vector<Arguments>{arguments});
  auto pipeline = device.pipeline(std::string(kHead) + kArgumentBuffer, "use");
  device.run(pipeline.get(), {1, 1, 1}, {1, 1, 1}, [&](auto* encoder) {
    encoder->setBuffer(buffer.get(), 0, 0);
    encoder->useResource(image.get(), MTL::ResourceUsageRead);
    encoder->useResource(result.get(), MTL::ResourceUsageWrite);
  });
  CHECK(texels<float>(result.get()) == std::vector<float>{20, 3});

  // The same, written by an encoder.
  auto encoder = NS::TransferPtr(function_use(device).get()->newArgumentEncoder(0));
  REQUIRE(encoder);
  auto encoded =
      NS::TransferPtr(device->newBuffer(encoder->encodedLength(), MTL::ResourceStorageModeShared));
  encoder->setArgumentBuffer(encoded.get(), 0);
  encoder->setTexture(image.get(), 0);
  encoder->setSamplerState(sampler.get(), 1);
  const MTL::Texture* several[] = {image.get(), result.get()};
  encoder->setTextures(several, NS::Range(2, 2));
  *static_cast<float*>(encoder->constantData(4)) = 100;
  device.run(pipeline.get(), {1, 1, 1}, {1, 1, 1}, [&](auto* compute) {
    compute->setBuffer(encoded.get(), 0, 0);
    compute->useResource(result.get(), MTL::ResourceUsageWrite);
  });
  CHECK(texels<float>(result.get()) == std::vector<float>{200, 3});
}

TEST_CASE("every atomic operation on a texel") {
  const Device device;
  auto texture =
      device.texture({.format = MTL::PixelFormatR32Sint,
                      .width = 16,
                      .height = 1,
                      .usage = MTL::TextureUsageShaderRead | MTL::TextureUsageShaderWrite |
                               MTL::TextureUsageShaderAtomic});
  fill(texture.get(), std::vector<int>(16, 12));
  auto pair = device.texture({.format = MTL::PixelFormatRG32Uint,
                              .width = 2,
                              .height = 1,
                              .usage = MTL::TextureUsageShaderRead | MTL::TextureUsageShaderWrite |
                                       MTL::TextureUsageShaderAtomic});
  fill(pair.get(), std::vector<uint64_t>{5, 5});
  auto pipeline = device.pipeline(std::string(kHead) + R"(
kernel void use(texture2d<int, access::read_write> t [[texture(0)]],
                texture2d<ulong, access::read_write> pair [[texture(1)]], device int* out [[buffer(0)]],
                uint i [[thread_position_in_grid]]) {
  const int4 v(int(i) - 8);
  t.atomic_fetch_add(uint2(0, 0), v);
  t.atomic_fetch_sub(uint2(1, 0), v);
  t.atomic_fetch_min(uint2(2, 0), v);
  t.atomic_fetch_max(uint2(3, 0), v);
  t.atomic_fetch_or(uint2(4, 0), v);
  t.atomic_fetch_and(uint2(5, 0), v);
  t.atomic_fetch_xor(uint2(6, 0), v);
  t.atomic_fetch_add(uint2(99, 0), v);
  pair.atomic_max(uint2(0, 0), ulong4(ulong(i) << 33));
  pair.atomic_min(uint2(1, 0), ulong4(i));
  if (i == 0) {
    t.atomic_store(int4(40), uint2(7, 0));
    out[0] = t.atomic_exchange(uint2(7, 0), int4(41)).x;
    int4 expected(41);
    while (!t.atomic_compare_exchange_weak(uint2(7, 0), &expected, int4(42))) {}
    out[1] = t.atomic_load(uint2(7, 0)).x;
  }
}
)",
                                  "use");
  auto out = device.buffer(std::vector<int>(2));
  device.run(pipeline.get(), {64, 1, 1}, {32, 1, 1}, [&](auto* encoder) {
    encoder->setTexture(texture.get(), 0);
    encoder->setTexture(pair.get(), 1);
    encoder->setBuffer(out.get(), 0, 0);
  });
  int sum = 0, ored = 12, anded = 12, xored = 12;
  for (int v = -8; v < 56; ++v) sum += v, ored |= v, anded &= v, xored ^= v;
  const auto got = texels<int>(texture.get());
  CHECK(std::vector<int>(got.begin(), got.begin() + 9) ==
        std::vector<int>{12 + sum, 12 - sum, -8, 55, ored, anded, xored, 42, 12});
  CHECK(values<int>(out.get()) == std::vector<int>{40, 42});
  CHECK(texels<uint64_t>(pair.get()) == std::vector<uint64_t>{uint64_t{63} << 33, 0});
}

TEST_CASE("what reflection tells of textures and samplers") {
  const Device device;
  NS::Error* error = nullptr;
  auto library = NS::TransferPtr(device->newLibrary(
      string(
          std::string(kHead) +
          "struct A { texture3d<half> volume; sampler s; float f; };\n"
          "kernel void use(depth2d_array<float> d [[texture(4)]], sampler s [[sampler(2)]],"
          " array<texture2d<uint, access::write>, 3> w [[texture(7)]], constant A& a [[buffer(0)]])"
          " {}\n"),
      nullptr, &error));
  REQUIRE_MESSAGE(library, text(error));
  auto function = NS::TransferPtr(library->newFunction(string("use")));
  MTL::AutoreleasedComputePipelineReflection reflection = nullptr;
  auto pipeline = NS::TransferPtr(device->newComputePipelineState(
      function.get(), MTL::PipelineOptionArgumentInfo, &reflection, &error));
  REQUIRE(pipeline);
  const auto binding = [&](NS::UInteger i) {
    return static_cast<MTL::TextureBinding*>(reflection->bindings()->object(i));
  };
  CHECK(binding(0)->type() == MTL::BindingTypeTexture);
  CHECK(binding(0)->index() == 4);
  CHECK(binding(0)->textureType() == MTL::TextureType2DArray);
  CHECK(binding(0)->textureDataType() == MTL::DataTypeFloat);
  CHECK(binding(0)->isDepthTexture());
  CHECK(binding(0)->access() == MTL::BindingAccessReadOnly);
  CHECK(binding(1)->type() == MTL::BindingTypeSampler);
  CHECK(binding(1)->index() == 2);
  CHECK(binding(2)->arrayLength() == 3);
  CHECK(binding(2)->textureDataType() == MTL::DataTypeUInt);
  CHECK(binding(2)->access() == MTL::BindingAccessWriteOnly);
  auto* argument = static_cast<MTL::Argument*>(reflection->arguments()->object(2));
  CHECK(argument->type() == MTL::ArgumentTypeTexture);
  CHECK(argument->textureType() == MTL::TextureType2D);
  auto* members = static_cast<MTL::BufferBinding*>(reflection->bindings()->object(3))
                      ->bufferStructType()
                      ->members();
  CHECK(static_cast<MTL::StructMember*>(members->object(0))->dataType() == MTL::DataTypeTexture);
  CHECK(static_cast<MTL::StructMember*>(members->object(1))->dataType() == MTL::DataTypeSampler);
  CHECK(static_cast<MTL::StructMember*>(members->object(2))->offset() == 16);
}

TEST_CASE("what is no use of a texture is an error at its line") {
  const Device device;
  const auto error = [&](const char* parameters, const char* body) {
    return device.compile_error(std::string(kHead) + "kernel void f(" + parameters + ") {" + body +
                                "}\n");
  };
  CHECK(contains(error("texture2d<float, access::write> t [[texture(0)]]", "t.read(uint2(0));"),
                 "no matching member function for call to 'read'"));
  CHECK(contains(error("texture2d<float, access::read> t [[texture(0)]]", "t.write(0, uint2(0));"),
                 "no matching member function for call to 'write'"));
  CHECK(contains(error("texture2d<char> t [[texture(0)]]", "t.read(uint2(0));"),
                 "textures are of float, half, int, uint, short, ushort or ulong"));
  CHECK(contains(error("texture2d<float> t [[texture(128)]]", ""), "must be between 0 and 127"));
  CHECK(contains(error("sampler s [[sampler(16)]]", ""), "must be between 0 and 15"));
  CHECK(contains(error("texture2d<float> t [[buffer(0)]]", ""),
                 "needs attribute 'texture', not 'buffer'"));
  CHECK(contains(error("texture2d<float> a [[texture(1)]], texture2d<float> b [[texture(1)]]", ""),
                 "parameters 'a' and 'b' both use texture index 1"));
  CHECK(contains(error("array<texture2d<float>, 4> a [[texture(126)]]", ""),
                 "the last index is 127"));
}
