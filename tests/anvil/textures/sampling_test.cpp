// Samples against the definition, in double: address modes, filters, levels, offsets, cubes.
#include <array>
#include <cmath>
#include <random>

#include "device.hpp"
#include "sampling_oracle.hpp"

using namespace textures;

namespace {

struct Request {
  float x, y, z, lod;
};

std::string source_for(int dimensions) {
  const std::string type = "texture" + std::to_string(dimensions) + "d<float>";
  const char* coordinate = dimensions == 1 ? "q.x" : dimensions == 2 ? "q.xy" : "q.xyz";
  return "#include <metal_stdlib>\nusing namespace metal;\n"
         "kernel void take(" +
         type +
         " image [[texture(0)]], sampler s [[sampler(0)]], constant float4* requests [[buffer(0)]],"
         " device float4* out [[buffer(1)]], uint i [[thread_position_in_grid]]) {\n"
         "  const float4 q = requests[i];\n"
         "  out[i] = image.sample(s, " +
         coordinate + (dimensions == 1 ? "" : ", level(q.w)") + ");\n}\n";
}

std::vector<float> run_samples(const Device& device, MTL::ComputePipelineState* pipeline,
                               MTL::Texture* texture, MTL::SamplerState* sampler,
                               const std::vector<Request>& requests) {
  auto in = device.buffer(requests);
  auto out = device.buffer(std::vector<float>(requests.size() * 4));
  device.run(pipeline, {requests.size(), 1, 1}, {64, 1, 1}, [&](auto* encoder) {
    encoder->setTexture(texture, 0);
    encoder->setSamplerState(sampler, 0);
    encoder->setBuffer(in.get(), 0, 0);
    encoder->setBuffer(out.get(), 0, 1);
  });
  return values<float>(out.get());
}

/// Texels are at most 1: weights are off by what the product of coordinate and size rounds.
constexpr double kTolerance = 4e-6;

void check_samples(const Image& image, const Sampler& s, const std::vector<Request>& requests,
                   const std::vector<float>& got, double margin) {
  int wrong = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    const Request& q = requests[i];
    const Expected expected = sample(image, s, {q.x, q.y, q.z}, q.lod);
    if (expected.margin < margin) continue;
    for (size_t k = 0; k < 4; ++k)
      if (!(std::fabs(got[i * 4 + k] - expected.texel[k]) <= kTolerance) && ++wrong < 4)
        FAIL_CHECK("at ", q.x, ", ", q.y, ", ", q.z, " lod ", q.lod, " channel ", k, ": ",
                   got[i * 4 + k], " instead of ", expected.texel[k]);
  }
  CHECK(wrong == 0);
}

const MTL::SamplerAddressMode kAddresses[] = {
    MTL::SamplerAddressModeClampToEdge, MTL::SamplerAddressModeMirrorClampToEdge,
    MTL::SamplerAddressModeRepeat,      MTL::SamplerAddressModeMirrorRepeat,
    MTL::SamplerAddressModeClampToZero, MTL::SamplerAddressModeClampToBorderColor};

}  // namespace

TEST_CASE("every address mode and filter at every edge, in one, two and three dimensions") {
  const Device device;
  for (const int dimensions : {1, 2, 3}) {
    // Powers of two: coordinates in 64ths are exact, texels' edges and centres among them.
    const Image image =
        random_image(dimensions, {8, dimensions > 1 ? 4 : 1, dimensions > 2 ? 2 : 1}, 1, 3);
    auto texture = texture_of(device, image);
    auto pipeline = device.pipeline(source_for(dimensions), "take");
    std::vector<Request> requests;
    for (int i = -160; i <= 224; ++i)
      requests.push_back({static_cast<float>(i) / 64, static_cast<float>((i * 7) % 192) / 64,
                          static_cast<float>((i * 5) % 128) / 64, 0});
    for (const auto address : kAddresses)
      for (const bool linear : {false, true}) {
        CAPTURE(dimensions);
        CAPTURE(address);
        CAPTURE(linear);
        const Sampler s{
            .address = address, .linear = linear, .border = MTL::SamplerBorderColorOpaqueBlack};
        auto state = state_of(device, s);
        check_samples(image, s, requests,
                      run_samples(device, pipeline.get(), texture.get(), state.get(), requests), 0);
      }
  }
}

TEST_CASE("random coordinates on odd sizes, normalised or in texels, and far outside") {
  const Device device;
  const Image image = random_image(2, {5, 3, 1}, 1, 5);
  auto texture = texture_of(device, image);
  auto pipeline = device.pipeline(source_for(2), "take");
  std::mt19937 random(17);
  std::uniform_real_distribution<float> near(-2, 3), far(-1000, 1000);
  for (const bool normalized : {true, false})
    for (const auto address : kAddresses) {
      if (!normalized && address != MTL::SamplerAddressModeClampToEdge &&
          address != MTL::SamplerAddressModeClampToZero)
        continue;
      for (const bool linear : {false, true}) {
        CAPTURE(normalized);
        CAPTURE(address);
        CAPTURE(linear);
        std::vector<Request> requests;
        for (int i = 0; i < 600; ++i)
          requests.push_back({near(random) * (normalized ? 1 : 3), near(random), 0, 0});
        const Sampler s{.address = address, .linear = linear, .normalized = normalized};
        auto state = state_of(device, s);
        check_samples(image, s, requests,
                      run_samples(device, pipeline.get(), texture.get(), state.get(), requests),
                      1e-5);
        // Nothing is worse than a wrong texel.
        for (Request& q : requests) q = {far(random), far(random), 0, 0};
        requests[0] = {INFINITY, 0, 0, 0};
        requests[1] = {NAN, NAN, 0, 0};
        requests[2] = {-1e30f, 1e30f, 0, NAN};
        for (const float each :
             run_samples(device, pipeline.get(), texture.get(), state.get(), requests))
          CHECK(std::fabs(each) <= 1);
      }
    }
}

TEST_CASE("levels: none, nearest and linear, between the sampler's limits") {
  const Device device;
  const Image image = random_image(2, {16, 8, 1}, 5, 9);
  auto texture = texture_of(device, image);
  auto pipeline = device.pipeline(source_for(2), "take");
  std::vector<Request> requests;
  std::mt19937 random(19);
  std::uniform_real_distribution<float> unit(0, 1), lod(-2, 7);
  for (int i = 0; i < 500; ++i) requests.push_back({unit(random), unit(random), 0, lod(random)});
  for (int i = 0; i < 20; ++i) requests.push_back({0.3f, 0.7f, 0, static_cast<float>(i) / 4});
  for (const auto mip : {MTL::SamplerMipFilterNotMipmapped, MTL::SamplerMipFilterNearest,
                         MTL::SamplerMipFilterLinear})
    for (const bool linear : {false, true})
      for (const float limit : {1000.0f, 2.5f}) {
        CAPTURE(mip);
        CAPTURE(linear);
        const Sampler s{
            .linear = linear, .mip = mip, .lod_min = limit < 10 ? 0.5f : 0, .lod_max = limit};
        auto state = state_of(device, s);
        check_samples(image, s, requests,
                      run_samples(device, pipeline.get(), texture.get(), state.get(), requests),
                      1e-5);
      }
}

TEST_CASE("constant samplers, offsets, bias, gradients and lod clamps are as the definition") {
  const Device device;
  const Image image = random_image(2, {16, 16, 1}, 5, 21);
  auto texture = texture_of(device, image);
  auto pipeline = device.pipeline(R"(
#include <metal_stdlib>
using namespace metal;
constexpr sampler wrapping(address::repeat, filter::linear, mip_filter::linear);
kernel void take(texture2d<float> image [[texture(0)]], constant float4* requests [[buffer(0)]],
                 device float4* out [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  constexpr sampler limited(coord::normalized, s_address::clamp_to_edge, t_address::repeat,
                            min_filter::linear, mag_filter::linear, mip_filter::nearest,
                            lod_clamp(1.0f, 2.0f), max_anisotropy(4));
  const float4 q = requests[i];
  out[6 * i] = image.sample(wrapping, q.xy, level(q.w), int2(-3, 2));
  out[6 * i + 1] = image.sample(wrapping, q.xy, bias(q.w));
  out[6 * i + 2] = image.sample(wrapping, q.xy, gradient2d(float2(exp2(q.w) / 16, 0), float2(0)));
  out[6 * i + 3] = image.sample(wrapping, q.xy, level(q.w), min_lod_clamp(1.5f));
  out[6 * i + 4] = image.sample(limited, q.xy, level(q.w));
  out[6 * i + 5] = image.sample(wrapping, q.xy);
}
)",
                                  "take");
  std::vector<Request> requests;
  std::mt19937 random(23);
  std::uniform_real_distribution<float> near(-1, 2), lod(0, 4);
  for (int i = 0; i < 300; ++i) requests.push_back({near(random), near(random), 0, lod(random)});
  auto in = device.buffer(requests);
  auto out = device.buffer(std::vector<float>(requests.size() * 24));
  device.run(pipeline.get(), {requests.size(), 1, 1}, {32, 1, 1}, [&](auto* encoder) {
    encoder->setTexture(texture.get(), 0);
    encoder->setBuffer(in.get(), 0, 0);
    encoder->setBuffer(out.get(), 0, 1);
  });
  const auto got = values<float>(out.get());
  const Sampler wrapping{
      .address = MTL::SamplerAddressModeRepeat, .linear = true, .mip = MTL::SamplerMipFilterLinear};
  for (size_t i = 0; i < requests.size(); ++i) {
    const Request& q = requests[i];
    const std::array<double, 3> c{q.x, q.y, 0};
    const Expected expected[] = {sample(image, wrapping, c, q.lod, {-3, 2, 0}),
                                 sample(image, wrapping, c, q.lod),
                                 sample(image, wrapping, c, q.lod),
                                 sample(image, wrapping, c, std::max(q.lod, 1.5f)),
                                 Expected{},
                                 sample(image, wrapping, c, 0)};
    for (const size_t kind : {0u, 1u, 2u, 3u, 5u})
      for (size_t k = 0; k < 4; ++k)
        // log2 and exp2 are off by a few units in their last place.
        CHECK(std::fabs(got[i * 24 + kind * 4 + k] - expected[kind].texel[k]) <=
              (kind == 2 ? 2e-5 : kTolerance));
    // One axis clamps, the other repeats.
    Sampler limited{
        .linear = true, .mip = MTL::SamplerMipFilterNearest, .lod_min = 1, .lod_max = 2};
    const double wrapped = q.y - std::floor(q.y);
    if (wrapped < 0.13 || wrapped > 0.87) continue;
    const Expected its = sample(image, limited, {q.x, wrapped, 0}, q.lod);
    if (its.margin < 1e-5) continue;
    for (size_t k = 0; k < 4; ++k)
      CHECK(std::fabs(got[i * 24 + 16 + k] - its.texel[k]) <= kTolerance);
  }
}

TEST_CASE("gather, comparison, and integers") {
  const Device device;
  const Image image = random_image(2, {4, 4, 1}, 1, 27);
  auto texture = texture_of(device, image);
  std::vector<float> depths(16);
  for (size_t i = 0; i < 16; ++i) depths[i] = static_cast<float>(i) / 16;
  auto depth = device.texture({.format = MTL::PixelFormatDepth32Float,
                               .width = 4,
                               .height = 4,
                               .usage = MTL::TextureUsageShaderRead});
  fill(depth.get(), depths);
  auto whole = device.texture({.format = MTL::PixelFormatR32Sint,
                               .width = 4,
                               .height = 4,
                               .usage = MTL::TextureUsageShaderRead});
  std::vector<int> numbers(16);
  for (int i = 0; i < 16; ++i) numbers[static_cast<size_t>(i)] = i - 5;
  fill(whole.get(), numbers);
  auto pipeline = device.pipeline(R"(
#include <metal_stdlib>
using namespace metal;
kernel void take(texture2d<float> image [[texture(0)]], depth2d<float> depth [[texture(1)]],
                 texture2d<int> whole [[texture(2)]], device float4* out [[buffer(0)]]) {
  constexpr sampler s(filter::linear);
  constexpr sampler test(filter::linear, compare_func::less);
  out[0] = image.gather(s, float2(0.5f), int2(0), component::y);
  out[1] = image.gather(s, float2(0.5f), int2(1, 0));
  out[2] = depth.sample_compare(test, float2(0.5f), 6.5f / 16);
  out[3] = depth.gather_compare(test, float2(0.5f), 6.5f / 16);
  out[4] = depth.sample(s, float2(0.5f));
  out[5] = float4(whole.sample(s, float2(0.7f, 0.3f)));
  out[6] = float4(whole.gather(s, float2(0.5f)));
  out[7] = depth.read(uint2(3, 2));
}
)",
                                  "take");
  auto out = device.buffer(std::vector<float>(32));
  device.run(pipeline.get(), {1, 1, 1}, {1, 1, 1}, [&](auto* encoder) {
    encoder->setTexture(texture.get(), 0);
    encoder->setTexture(depth.get(), 1);
    encoder->setTexture(whole.get(), 2);
    encoder->setBuffer(out.get(), 0, 0);
  });
  const auto got = values<float>(out.get());
  const auto texel = [&](size_t x, size_t y, size_t k) {
    return image.levels[0].texels[(y * 4 + x) * 4 + k];
  };
  const std::vector<float> expected{texel(1, 2, 1),
                                    texel(2, 2, 1),
                                    texel(2, 1, 1),
                                    texel(1, 1, 1),
                                    texel(2, 2, 0),
                                    texel(3, 2, 0),
                                    texel(3, 1, 0),
                                    texel(2, 1, 0),
                                    0.5f,
                                    0.5f,
                                    0.5f,
                                    0.5f,  // texels 9 and 10 of 5, 6, 9, 10
                                    1,
                                    1,
                                    0,
                                    0,
                                    7.5f / 16,
                                    7.5f / 16,
                                    7.5f / 16,
                                    7.5f / 16,
                                    1,
                                    0,
                                    0,
                                    1,  // texel (2, 1): 6 - 5
                                    4,
                                    5,
                                    1,
                                    0,
                                    11.0f / 16,
                                    11.0f / 16,
                                    11.0f / 16,
                                    11.0f / 16};
  CHECK(got == expected);
}

TEST_CASE("cubes: faces by direction, and across their edges") {
  const Device device;
  constexpr NS::UInteger kSize = 8;
  auto cube = device.texture({.type = MTL::TextureTypeCube,
                              .format = MTL::PixelFormatRGBA32Float,
                              .width = kSize,
                              .height = kSize,
                              .usage = MTL::TextureUsageShaderRead});
  // Each texel holds the direction of its centre: sampling gives the direction back, and no edge
  // may be seen.
  const auto direction = [&](size_t face, double s, double t) -> std::array<double, 3> {
    switch (face) {
      case 0:
        return {1, -t, -s};
      case 1:
        return {-1, -t, s};
      case 2:
        return {s, 1, t};
      case 3:
        return {s, -1, -t};
      case 4:
        return {s, -t, 1};
      default:
        return {-s, -t, -1};
    }
  };
  for (size_t face = 0; face < 6; ++face) {
    std::vector<float> all;
    for (size_t y = 0; y < kSize; ++y)
      for (size_t x = 0; x < kSize; ++x) {
        const auto d =
            direction(face, (2.0 * double(x) + 1) / kSize - 1, (2.0 * double(y) + 1) / kSize - 1);
        const double length = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        for (const double each : d) all.push_back(static_cast<float>(each / length));
        all.push_back(static_cast<float>(face));
      }
    fill(cube.get(), all, 0, face);
  }
  auto pipeline = device.pipeline(R"(
#include <metal_stdlib>
using namespace metal;
kernel void take(texturecube<float> image [[texture(0)]], constant packed_float3* at [[buffer(0)]],
                 device float4* out [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  constexpr sampler near(filter::nearest), smooth(filter::linear);
  out[2 * i] = image.sample(near, float3(at[i]));
  out[2 * i + 1] = image.sample(smooth, float3(at[i]));
}
)",
                                  "take");
  std::mt19937 random(31);
  std::normal_distribution<float> number;
  std::vector<float> directions;
  for (int i = 0; i < 1500; ++i) directions.push_back(number(random));
  auto in = device.buffer(directions);
  auto out = device.buffer(std::vector<float>(500 * 8));
  device.run(pipeline.get(), {500, 1, 1}, {50, 1, 1}, [&](auto* encoder) {
    encoder->setTexture(cube.get(), 0);
    encoder->setBuffer(in.get(), 0, 0);
    encoder->setBuffer(out.get(), 0, 1);
  });
  const auto got = values<float>(out.get());
  for (size_t i = 0; i < 500; ++i) {
    const double d[] = {directions[3 * i], directions[3 * i + 1], directions[3 * i + 2]};
    const double length = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    size_t axis = 0;
    for (size_t k = 1; k < 3; ++k)
      if (std::fabs(d[k]) > std::fabs(d[axis])) axis = k;
    CHECK(got[8 * i + 3] == static_cast<float>(2 * axis + (d[axis] < 0 ? 1 : 0)));
    double nearest = 0, smooth = 0;
    for (size_t k = 0; k < 3; ++k) {
      nearest = std::max(nearest, std::fabs(got[8 * i + k] - d[k] / length));
      smooth = std::max(smooth, std::fabs(got[8 * i + 4 + k] - d[k] / length));
    }
    // Half a texel's diagonal is 0.177; what a mean of four directions is off is less.
    CHECK(nearest < 0.18);
    CHECK(smooth < 0.06);
  }
}
