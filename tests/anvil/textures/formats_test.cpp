// Every format: bytes to numbers and numbers to bytes, against what its name says.
#include <random>

#include "device.hpp"
#include "format_oracle.hpp"

using namespace textures;

namespace {

constexpr NS::UInteger kWidth = 67, kHeight = 9;

const char* element_of(const NamedFormat& format) {
  return format.is("Sint") ? "int" : format.is_integer() ? "uint" : "float";
}
std::string source_for(const char* element) {
  const std::string t = element;
  return "#include <metal_stdlib>\nusing namespace metal;\n"
         "kernel void get(texture2d<" +
         t + ", access::read> in [[texture(0)]], device " + t +
         "4* out [[buffer(0)]], uint2 at [[thread_position_in_grid]]) {\n"
         "  out[at.y * in.get_width() + at.x] = in.read(at);\n}\n"
         "kernel void put(texture2d<" +
         t + ", access::write> out [[texture(0)]], const device " + t +
         "4* in [[buffer(0)]], uint2 at [[thread_position_in_grid]]) {\n"
         "  out.write(in[at.y * out.get_width() + at.x], at);\n}\n";
}

struct Kernels {
  explicit Kernels(const Device& device) {
    for (const char* element : {"float", "int", "uint"}) {
      get.push_back(device.pipeline(source_for(element), "get"));
      put.push_back(device.pipeline(source_for(element), "put"));
    }
  }
  static size_t index(const NamedFormat& format) {
    return format.is("Sint") ? 1 : format.is_integer() ? 2 : 0;
  }
  std::vector<Ref<MTL::ComputePipelineState>> get, put;
};

std::vector<uint8_t> random_bytes(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  for (size_t i = 0; i < std::min<size_t>(count, 256); ++i) bytes[i] = static_cast<uint8_t>(i);
  return bytes;
}

template <class T>
std::vector<T> read_back(const Device& device, MTL::ComputePipelineState* get,
                         MTL::Texture* texture) {
  auto out = device.buffer(std::vector<T>(kWidth * kHeight * 4));
  device.run(get, {kWidth, kHeight, 1}, {32, 4, 1}, [&](auto* encoder) {
    encoder->setTexture(texture, 0);
    encoder->setBuffer(out.get(), 0, 0);
  });
  return values<T>(out.get());
}

template <class T>
void write(const Device& device, MTL::ComputePipelineState* put, MTL::Texture* texture,
           const std::vector<T>& numbers) {
  auto in = device.buffer(numbers);
  device.run(put, {kWidth, kHeight, 1}, {16, 4, 1}, [&](auto* encoder) {
    encoder->setTexture(texture, 0);
    encoder->setBuffer(in.get(), 0, 0);
  });
}

/// The texels' numbers are the oracle's, rounded once.
template <class T>
void check_numbers(const NamedFormat& format, const std::vector<uint8_t>& bytes,
                   const std::vector<T>& numbers) {
  int wrong = 0;
  for (size_t i = 0; i < numbers.size() / 4; ++i) {
    Numbers expected = decoded(format, bytes.data() + i * format.bytes());
    if (format.name == "A8Unorm") expected.v[0] = expected.v[1] = expected.v[2] = 0;
    for (size_t c = 0; c < 4; ++c) {
      const T got = numbers[i * 4 + c], right = static_cast<T>(expected.v[c]);
      const bool equal = got == right || (got != got && right != right);
      if (!equal && ++wrong < 4)
        FAIL_CHECK(format.name, " texel ", i, " channel ", c, ": ", got, " instead of ", right);
    }
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("texels of every format are the numbers that its name says") {
  const Device device;
  const Kernels kernels(device);
  for (const NamedFormat& format : formats()) {
    CAPTURE(format.name);
    auto texture = device.texture({.format = format.format,
                                   .width = kWidth,
                                   .height = kHeight,
                                   .usage = MTL::TextureUsageShaderRead});
    const auto bytes = random_bytes(kWidth * kHeight * format.bytes(), 7);
    fill(texture.get(), bytes);
    CHECK(texels<uint8_t>(texture.get(), format.bytes()) == bytes);
    MTL::ComputePipelineState* get = kernels.get[Kernels::index(format)].get();
    if (std::string(element_of(format)) == "float")
      check_numbers(format, bytes, read_back<float>(device, get, texture.get()));
    else if (std::string(element_of(format)) == "int")
      check_numbers(format, bytes, read_back<int>(device, get, texture.get()));
    else
      check_numbers(format, bytes, read_back<uint32_t>(device, get, texture.get()));
  }
}

TEST_CASE("numbers become the nearest that a format has") {
  const Device device;
  const Kernels kernels(device);
  std::mt19937 random(11);
  for (const NamedFormat& format : formats()) {
    if (!is_written(format) || format.is_integer()) continue;
    CAPTURE(format.name);
    auto texture = device.texture({.format = format.format, .width = kWidth, .height = kHeight});
    std::vector<float> numbers(kWidth * kHeight * 4);
    std::uniform_real_distribution<float> unit(-1.25f, 1.25f), wide(-20, 20);
    for (float& number : numbers)
      number = format.is("Float") ? std::ldexp(unit(random), static_cast<int>(wide(random)))
                                  : unit(random);
    const float special[] = {0,   -0.0f, 1,      -1,    INFINITY, -INFINITY,
                             NAN, 2,     1e-30f, 65504, 65520,    1e30f};
    std::copy(std::begin(special), std::end(special), numbers.begin());
    write(device, kernels.put[0].get(), texture.get(), numbers);
    const auto bytes = texels<uint8_t>(texture.get(), format.bytes());
    int wrong = 0;
    for (size_t i = 0; i < kWidth * kHeight; ++i) {
      const uint8_t* texel = bytes.data() + i * format.bytes();
      const Numbers stored = decoded(format, texel);
      for (const auto& channel : format.channels()) {
        if (channel.name == 'E' || channel.bits == 32) continue;
        const size_t c = std::string("RGBA").find(channel.name);
        const double number = numbers[i * 4 + c];
        double error = 0, most = 0;  // of the code, in codes
        if (format.is("9E5")) {
          // The step is the texel's largest number's: halves may round either way.
          double largest = 0;
          for (int k = 0; k < 3; ++k) {
            const double each = numbers[i * 4 + static_cast<size_t>(k)];
            largest = std::max(largest, each > 0 ? std::min(each, 65408.0) : 0.0);
          }
          const double step = std::exp2(std::max(std::floor(std::log2(largest)), -16.0) - 8);
          const double wanted = number > 0 ? std::min(number, 65408.0) : 0;
          error = std::fabs(stored.v[c] - wanted) / step;
          most = largest > 65000 ? 1 : 0.5 + 1e-6;
        } else if (format.is("Float") && channel.bits == 16) {
          const auto right = static_cast<double>(static_cast<_Float16>(static_cast<float>(number)));
          error = stored.v[c] == right || (stored.v[c] != stored.v[c] && right != right) ? 0 : 1;
        } else if (format.is("Float")) {
          const unsigned mantissa = channel.bits - 5;
          const double top = small_float((uint64_t{31} << mantissa) - 1, mantissa);
          const double wanted = number != number                   ? NAN
                                : std::isinf(number) && number > 0 ? INFINITY
                                                                   : std::clamp(number, 0.0, top);
          const double step =
              std::exp2(std::max(std::floor(std::log2(std::max(wanted, 1e-30))), -14.0) - mantissa);
          error = stored.v[c] == wanted || (wanted != wanted && stored.v[c] != stored.v[c])
                      ? 0
                      : std::fabs(stored.v[c] - wanted) / step;
          most = 0.5;
        } else {
          const bool has_sign = format.is("Snorm");
          const double range = std::exp2(channel.bits - (has_sign ? 1.0 : 0.0)) - 1;
          double wanted = number != number ? 0 : std::clamp(number, has_sign ? -1.0 : 0.0, 1.0);
          if (format.is("sRGB") && channel.name != 'A') wanted = linear_to_srgb(wanted);
          const uint64_t code = bits_at(texel, channel.first, channel.bits);
          const double integer =
              has_sign ? static_cast<double>(static_cast<int64_t>(code << (64 - channel.bits)) >>
                                             (64 - channel.bits))
                       : static_cast<double>(code);
          // The product with the range is a float's: off by its rounding before it is rounded.
          error = std::fabs(integer - wanted * range);
          most = 0.5 + range * 0x1p-23;
        }
        if (!(error <= most) && ++wrong < 4)
          FAIL_CHECK(format.name, " texel ", i, " channel ", c, ": ", number, " became ",
                     stored.v[c]);
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("what is read and written again is the same texel") {
  const Device device;
  const Kernels kernels(device);
  for (const NamedFormat& format : formats()) {
    // Several codes of RGB9E5 are one number, as two of snorm are -1; NaNs have many.
    if (!is_written(format) || format.is("9E5") || format.is("Snorm")) continue;
    CAPTURE(format.name);
    auto from = device.texture({.format = format.format, .width = kWidth, .height = kHeight});
    auto to = device.texture({.format = format.format, .width = kWidth, .height = kHeight});
    auto bytes = random_bytes(kWidth * kHeight * format.bytes(), 13);
    if (format.is("Float"))
      for (size_t i = 0; i < kWidth * kHeight; ++i) {
        uint8_t* texel = bytes.data() + i * format.bytes();
        const Numbers n = decoded(format, texel);
        if (!(n.v[0] == n.v[0] && n.v[1] == n.v[1] && n.v[2] == n.v[2] && n.v[3] == n.v[3]))
          std::fill_n(texel, format.bytes(), uint8_t{0});
      }
    fill(from.get(), bytes);
    const size_t k = Kernels::index(format);
    if (k == 0)
      write(device, kernels.put[k].get(), to.get(),
            read_back<float>(device, kernels.get[k].get(), from.get()));
    else
      write(device, kernels.put[k].get(), to.get(),
            read_back<uint32_t>(device, kernels.get[k].get(), from.get()));
    CHECK(texels<uint8_t>(to.get(), format.bytes()) == bytes);
  }
}

TEST_CASE("integers beyond a channel's range become the nearest in it") {
  const Device device;
  const Kernels kernels(device);
  std::vector<int> numbers(kWidth * kHeight * 4, 300);
  numbers[1] = -300;
  numbers[4] = -129;
  auto texture =
      device.texture({.format = MTL::PixelFormatRGBA8Sint, .width = kWidth, .height = kHeight});
  write(device, kernels.put[1].get(), texture.get(), numbers);
  const auto bytes = texels<int8_t>(texture.get(), 4);
  CHECK(bytes[0] == 127);
  CHECK(bytes[1] == -128);
  CHECK(bytes[4] == -128);
}
