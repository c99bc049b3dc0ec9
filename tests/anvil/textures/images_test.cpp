// Kernels that images are processed with, against plain loops in double.
#include <cmath>
#include <random>

#include "device.hpp"

using namespace textures;

namespace {

constexpr size_t kWidth = 97, kHeight = 61;

std::vector<uint8_t> random_pixels(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> pixels(kWidth * kHeight * 4);
  for (uint8_t& each : pixels) each = static_cast<uint8_t>(random());
  return pixels;
}

Ref<MTL::Texture> image(const Device& device, MTL::PixelFormat format,
                        const std::vector<uint8_t>& pixels) {
  auto texture = device.texture({.format = format, .width = kWidth, .height = kHeight});
  fill(texture.get(), pixels);
  return texture;
}

constexpr const char* kHead = "#include <metal_stdlib>\nusing namespace metal;\n";

}  // namespace

TEST_CASE("a Gaussian blur") {
  const Device device;
  const auto pixels = random_pixels(1);
  auto from = image(device, MTL::PixelFormatBGRA8Unorm, pixels);
  auto to =
      device.texture({.format = MTL::PixelFormatRGBA32Float, .width = kWidth, .height = kHeight});
  auto pipeline = device.pipeline(std::string(kHead) + R"(
kernel void blur(texture2d<float, access::read> from, texture2d<float, access::write> to,
                 uint2 at [[thread_position_in_grid]]) {
  constexpr float weights[5] = {1, 4, 6, 4, 1};
  float4 sum = 0;
  for (int y = -2; y <= 2; ++y)
    for (int x = -2; x <= 2; ++x)
      sum += weights[x + 2] * weights[y + 2] * from.read(uint2(int2(at) + int2(x, y)));
  to.write(sum / 256, at);
}
)",
                                  "blur", MTL::MathModeFast);
  for (const MTL::Size group : {MTL::Size(32, 8, 1), MTL::Size(16, 16, 1), MTL::Size(7, 3, 1)}) {
    device.run(pipeline.get(), {kWidth, kHeight, 1}, group, [&](auto* encoder) {
      encoder->setTexture(from.get(), 0);
      encoder->setTexture(to.get(), 1);
    });
    const auto got = texels<float>(to.get(), 4);
    double worst = 0;
    for (int y = 0; y < int(kHeight); ++y)
      for (int x = 0; x < int(kWidth); ++x)
        for (int c = 0; c < 4; ++c) {
          const double weights[] = {1, 4, 6, 4, 1};
          double sum = 0;
          for (int dy = -2; dy <= 2; ++dy)
            for (int dx = -2; dx <= 2; ++dx) {
              const int px = x + dx, py = y + dy;
              // Texels outside are zero.
              if (px < 0 || py < 0 || px >= int(kWidth) || py >= int(kHeight)) continue;
              const int stored = c == 3 ? 3 : 2 - c;  // BGRA
              sum += weights[dx + 2] * weights[dy + 2] *
                     pixels[size_t((py * int(kWidth) + px) * 4 + stored)] / 255.0;
            }
          worst =
              std::max(worst, std::fabs(got[size_t((y * int(kWidth) + x) * 4 + c)] - sum / 256));
        }
    // 25 roundings of sums below 1.
    CHECK(worst < 25 * 0x1p-24);
  }
}

TEST_CASE("bilinear resize in linear light, of sRGB pixels") {
  const Device device;
  const auto pixels = random_pixels(2);
  auto from = image(device, MTL::PixelFormatRGBA8Unorm_sRGB, pixels);
  constexpr size_t kTo = 40;
  auto to = device.texture({.format = MTL::PixelFormatRGBA32Float, .width = kTo, .height = kTo});
  auto pipeline = device.pipeline(std::string(kHead) + R"(
kernel void resize(texture2d<float> from [[texture(0)]], texture2d<float, access::write> to [[texture(1)]],
                   uint2 at [[thread_position_in_grid]]) {
  constexpr sampler s(coord::normalized, address::clamp_to_edge, filter::linear);
  const float2 size(to.get_width(), to.get_height());
  to.write(from.sample(s, (float2(at) + 0.5f) / size), at);
}
)",
                                  "resize");
  device.run(pipeline.get(), {kTo, kTo, 1}, {32, 4, 1}, [&](auto* encoder) {
    encoder->setTexture(from.get(), 0);
    encoder->setTexture(to.get(), 1);
  });
  const auto got = texels<float>(to.get(), 4);
  double worst = 0;
  for (size_t y = 0; y < kTo; ++y)
    for (size_t x = 0; x < kTo; ++x)
      for (size_t c = 0; c < 4; ++c) {
        const auto light = [&](int px, int py) {
          const double v = pixels[(size_t(std::clamp(py, 0, int(kHeight) - 1)) * kWidth +
                                   size_t(std::clamp(px, 0, int(kWidth) - 1))) *
                                      4 +
                                  c] /
                           255.0;
          return c == 3 ? v : v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
        };
        const double u = (double(x) + 0.5) / kTo * kWidth - 0.5,
                     v = (double(y) + 0.5) / kTo * kHeight - 0.5;
        const int i = int(std::floor(u)), j = int(std::floor(v));
        const double fu = u - i, fv = v - j;
        const double right = (light(i, j) * (1 - fu) + light(i + 1, j) * fu) * (1 - fv) +
                             (light(i, j + 1) * (1 - fu) + light(i + 1, j + 1) * fu) * fv;
        worst = std::max(worst, std::fabs(got[(y * kTo + x) * 4 + c] - right));
      }
  // A coordinate is off by a rounding of numbers up to 97.
  CHECK(worst < 97 * 0x1p-22);
}

TEST_CASE("a histogram by atomics on a texture") {
  const Device device;
  const auto pixels = random_pixels(3);
  auto from = image(device, MTL::PixelFormatRGBA8Uint, pixels);
  auto counts =
      device.texture({.format = MTL::PixelFormatR32Uint,
                      .width = 256,
                      .height = 4,
                      .usage = MTL::TextureUsageShaderRead | MTL::TextureUsageShaderWrite |
                               MTL::TextureUsageShaderAtomic});
  fill(counts.get(), std::vector<uint32_t>(1024));
  auto pipeline = device.pipeline(std::string(kHead) + R"(
kernel void count(texture2d<uint, access::read> from [[texture(0)]],
                  texture2d<uint, access::read_write> counts [[texture(1)]],
                  uint2 at [[thread_position_in_grid]]) {
  if (at.x >= from.get_width() || at.y >= from.get_height()) return;
  const uint4 v = from.read(at);
  for (uint c = 0; c < 4; ++c) counts.atomic_fetch_add(uint2(v[c], c), uint4(1));
}
)",
                                  "count");
  device.run(pipeline.get(), {128, 64, 1}, {32, 4, 1}, [&](auto* encoder) {
    encoder->setTexture(from.get(), 0);
    encoder->setTexture(counts.get(), 1);
  });
  std::vector<uint32_t> right(1024);
  for (size_t i = 0; i < pixels.size(); ++i) ++right[i % 4 * 256 + pixels[i]];
  CHECK(texels<uint32_t>(counts.get()) == right);
}

TEST_CASE("colour conversion between planes, RGB to YCbCr") {
  const Device device;
  const auto pixels = random_pixels(4);
  auto from = image(device, MTL::PixelFormatRGBA8Unorm, pixels);
  auto luma =
      device.texture({.format = MTL::PixelFormatR8Unorm, .width = kWidth, .height = kHeight});
  auto chroma = device.texture(
      {.format = MTL::PixelFormatRG8Unorm, .width = kWidth / 2, .height = kHeight / 2});
  auto pipeline = device.pipeline(std::string(kHead) + R"(
kernel void convert(texture2d<half, access::read> from [[texture(0)]],
                    texture2d<half, access::write> luma [[texture(1)]],
                    texture2d<float, access::write> chroma [[texture(2)]],
                    ushort2 at [[thread_position_in_grid]]) {
  const float3 rgb = float3(from.read(at).rgb);
  luma.write(half4(half(dot(rgb, float3(0.299f, 0.587f, 0.114f)))), at);
  if ((at.x & 1) == 0 && (at.y & 1) == 0) {
    float3 sum = 0;
    for (ushort y = 0; y < 2; ++y)
      for (ushort x = 0; x < 2; ++x) sum += float3(from.read(at + ushort2(x, y)).rgb);
    sum /= 4;
    chroma.write(float4(0.5f + dot(sum, float3(-0.168736f, -0.331264f, 0.5f)),
                        0.5f + dot(sum, float3(0.5f, -0.418688f, -0.081312f)), 0, 0), at / 2);
  }
}
)",
                                  "convert");
  device.run(pipeline.get(), {kWidth, kHeight, 1}, {32, 8, 1}, [&](auto* encoder) {
    encoder->setTexture(from.get(), 0);
    encoder->setTexture(luma.get(), 1);
    encoder->setTexture(chroma.get(), 2);
  });
  const auto y = texels<uint8_t>(luma.get());
  const auto c = texels<uint8_t>(chroma.get(), 2);
  const auto rgb = [&](size_t px, size_t py, size_t k) {
    return pixels[(py * kWidth + px) * 4 + k] / 255.0;
  };
  // Halves have 11 bits: an 8-bit result may be the next.
  for (size_t i = 0; i < kWidth * kHeight; ++i) {
    const double right = 0.299 * rgb(i % kWidth, i / kWidth, 0) +
                         0.587 * rgb(i % kWidth, i / kWidth, 1) +
                         0.114 * rgb(i % kWidth, i / kWidth, 2);
    CHECK(std::fabs(y[i] - 255 * right) <= 0.75);
  }
  for (size_t j = 0; j < kHeight / 2; ++j)
    for (size_t i = 0; i < kWidth / 2; ++i) {
      double sum[3] = {};
      for (size_t k = 0; k < 3; ++k)
        sum[k] = (rgb(2 * i, 2 * j, k) + rgb(2 * i + 1, 2 * j, k) + rgb(2 * i, 2 * j + 1, k) +
                  rgb(2 * i + 1, 2 * j + 1, k)) /
                 4;
      const double cb = 0.5 - 0.168736 * sum[0] - 0.331264 * sum[1] + 0.5 * sum[2];
      CHECK(std::fabs(c[(j * (kWidth / 2) + i) * 2] - 255 * cb) <= 0.75);
    }
}

TEST_CASE("a distance transform by jump flooding between two textures") {
  const Device device;
  constexpr size_t kSize = 64;
  std::mt19937 random(5);
  std::vector<std::pair<int, int>> seeds;
  std::vector<int16_t> start(kSize * kSize * 2, -1);
  for (int i = 0; i < 9; ++i) {
    const auto x = int(random() % kSize), y = int(random() % kSize);
    seeds.emplace_back(x, y);
    start[(size_t(y) * kSize + size_t(x)) * 2] = int16_t(x);
    start[(size_t(y) * kSize + size_t(x)) * 2 + 1] = int16_t(y);
  }
  auto one = device.texture({.format = MTL::PixelFormatRG16Sint, .width = kSize, .height = kSize});
  auto two = device.texture({.format = MTL::PixelFormatRG16Sint, .width = kSize, .height = kSize});
  fill(one.get(), start);
  auto pipeline = device.pipeline(std::string(kHead) + R"(
kernel void flood(texture2d<short, access::read> from [[texture(0)]],
                  texture2d<short, access::write> to [[texture(1)]], constant int& step [[buffer(0)]],
                  uint2 at [[thread_position_in_grid]]) {
  short2 best = from.read(at).xy;
  for (int y = -1; y <= 1; ++y)
    for (int x = -1; x <= 1; ++x) {
      const int2 there = int2(at) + step * int2(x, y);
      if (any(there < 0) || any(there >= int2(from.get_width(), from.get_height()))) continue;
      const short2 seed = from.read(uint2(there)).xy;
      if (seed.x < 0) continue;
      const int2 d = int2(seed) - int2(at), b = int2(best) - int2(at);
      if (best.x < 0 || d.x * d.x + d.y * d.y < b.x * b.x + b.y * b.y) best = seed;
    }
  to.write(short4(best.x, best.y, 0, 0), at);
}
)",
                                  "flood");
  for (int step = kSize / 2; step > 0; step /= 2) {
    device.run(pipeline.get(), {kSize, kSize, 1}, {32, 8, 1}, [&](auto* encoder) {
      encoder->setTexture(one.get(), 0);
      encoder->setTexture(two.get(), 1);
      encoder->setBytes(&step, sizeof step, 0);
    });
    std::swap(one, two);
  }
  const auto got = texels<int16_t>(one.get(), 2);
  size_t wrong = 0;
  for (int y = 0; y < int(kSize); ++y)
    for (int x = 0; x < int(kSize); ++x) {
      int right = INT32_MAX;
      for (const auto& [sx, sy] : seeds)
        right = std::min(right, (sx - x) * (sx - x) + (sy - y) * (sy - y));
      const int gx = got[size_t(y * int(kSize) + x) * 2],
                gy = got[size_t(y * int(kSize) + x) * 2 + 1];
      wrong += (gx - x) * (gx - x) + (gy - y) * (gy - y) != right;
    }
  // Jump flooding is known to miss a few (Rong & Tan, I3D 2006).
  CHECK(wrong <= kSize * kSize / 200);
}
