// Program files that lie. Each is a ProgramError, or reads as a program that happens to be valid;
// run under AddressSanitizer for the reads past the end.
#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <span>

#include "foundry/core/content_hash.hpp"
#include "foundry/core/error.hpp"
#include "foundry/program/program_file.hpp"

using namespace foundry;
using namespace foundry::detail;

namespace {

constexpr std::size_t kHeader = 28;
constexpr std::size_t kLengthAt = 12;
constexpr std::size_t kHashAt = 20;

using Bytes = std::vector<std::byte>;

/// A program with something of everything in it.
ProgramImage sample() {
  ProgramImage image;
  ProgramGraph& graph = image.graph;
  graph.name = "sample";
  KernelDescription kernel;
  kernel.name = "step";
  kernel.form = KernelDescription::Form::body;
  kernel.arguments = {
      ArgumentDescription::buffer("x", Access::read, DType::q4_1),
      ArgumentDescription::optional_buffer("y", Access::write, DType::f16, true),
      ArgumentDescription::value(
          "params", StructLayout::packed_like_c("Params", {{"count", DType::u32, 0, 0},
                                                           {"colour", DType::f32, 0, 0, 3},
                                                           {"sizes", DType::u64, 3, 0}})),
      ArgumentDescription::threadgroup_memory("scratch", DType::f32)};
  kernel.constants = {{"flag", true},          {"i", std::int32_t{-3}},
                      {"u", std::uint32_t{3}}, {"f", 0.5f},
                      {"h", f16(0.25f)},       {"us", std::uint16_t{7}},
                      {"s", std::int16_t{-7}}, {"l", std::int64_t{-9}},
                      {"ul", std::uint64_t{9}}};
  graph.kernels = {{kernel, "kernel void step() {}\n"}};
  graph.tensors = {{"weights", {2, 64}, DType::q4_1, false},
                   {"cache", {8, 2, 4}, DType::f16, true},
                   {"table", {4}, DType::i32, false}};
  graph.parameters = {"position", "seed"};
  graph.constants = Bytes(48, std::byte{1});
  ProgramStep step;
  step.config = {GridSize::threadgroups(3, 2), ThreadgroupSize::d1(64)};
  step.bindings = {{Binding::Kind::buffer, Access::read, 0, 0, 40, 40},
                   {Binding::Kind::buffer, Access::read_write, 1, 1, 0, 128},
                   {Binding::Kind::bytes, Access::read, 2, 0, 16, 32},
                   {Binding::Kind::threadgroup_memory, Access::read, 0, 0, 0, 256}};
  step.uses = {{0, 2, 0, DType::u32, 1, 1, 8, 1},
               {1, 2, 8, DType::u64, 0, 0, 0, ProgramUse::kNoRoom}};
  graph.steps = {step, step};
  image.weight_files = {"model.gguf"};
  image.contents.resize(3);
  image.contents[0] = {TensorContents::Kind::weight, {}, 0, "blk.0.weight", 0x1234};
  image.contents[2] = {TensorContents::Kind::bytes, Bytes(16, std::byte{2}), 0, {}, 0};
  return image;
}

/// The message after "p: ", or "" if the bytes are a valid file.
std::string refusal(const Bytes& bytes) {
  try {
    (void)read_program("p", bytes);
  } catch (const ProgramError& error) {
    const std::string what = error.what();
    REQUIRE(what.substr(0, 3) == "p: ");
    return what.substr(3);
  }
  return "";
}

/// With length and hash made to fit, so that the parser itself is asked.
Bytes sealed(Bytes bytes) {
  const std::uint64_t length = bytes.size() - kHeader;
  const std::uint64_t hash = content_hash(std::span(bytes).subspan(kHeader));
  std::memcpy(bytes.data() + kLengthAt, &length, sizeof length);
  std::memcpy(bytes.data() + kHashAt, &hash, sizeof hash);
  return bytes;
}

}  // namespace

TEST_CASE("what is written is read again") {
  const ProgramImage image = sample();
  const Bytes bytes = write_program(image);
  const ProgramImage read = read_program("p", bytes);
  CHECK(write_program(read) == bytes);
  CHECK(read.graph.name == "sample");
  CHECK(read.graph.kernels[0].source == image.graph.kernels[0].source);
  CHECK(read.graph.kernels[0].description.arguments[2].layout ==
        image.graph.kernels[0].description.arguments[2].layout);
  CHECK(read.graph.kernels[0].description.function_constants().key() ==
        image.graph.kernels[0].description.function_constants().key());
  CHECK(read.graph.tensors[1].extents == Extents{8, 2, 4});
  CHECK(read.graph.steps[1].uses[0].plus == 1);
  CHECK(read.graph.steps[0].config.grid == GridSize::threadgroups(3, 2));
  CHECK(read.contents[2].bytes == image.contents[2].bytes);
  CHECK(read.contents[0].hash == 0x1234);
}

TEST_CASE("every truncation is refused") {
  const Bytes whole = write_program(sample());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(refusal(part) != "");
    if (length >= kHeader) CHECK(refusal(sealed(part)) != "");
  }
  Bytes more = whole;
  more.push_back(std::byte{0});
  CHECK(refusal(sealed(more)).find("1 bytes are left over") != std::string::npos);
}

TEST_CASE("every flipped bit is found out by the hash") {
  const Bytes whole = write_program(sample());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    CHECK(refusal(bytes) != "");
  }
}

TEST_CASE("damage under a right hash is refused, or is another valid program") {
  const Bytes whole = write_program(sample());
  int refused = 0, read = 0;
  for (std::size_t bit = kHeader * 8; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    ++(refusal(sealed(bytes)).empty() ? read : refused);
  }
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = whole;
    for (int n = 1 + static_cast<int>(random() % 8); n > 0; --n) {
      bytes[kHeader + random() % (bytes.size() - kHeader)] = static_cast<std::byte>(random());
    }
    ++(refusal(sealed(bytes)).empty() ? read : refused);
  }
  CHECK(refused > 1000);
  CHECK(read > 0);
}

TEST_CASE("what is wrong is said") {
  const Bytes whole = write_program(sample());
  CHECK(refusal(Bytes(5)) == "at byte 0: a program file has a header of 28 bytes, this one has 5");
  Bytes other = whole;
  other[0] = std::byte{'G'};
  CHECK(refusal(other) == "at byte 0: not a program file");
  Bytes newer = whole;
  newer[8] = std::byte{9};
  CHECK(refusal(newer) == "at byte 8: version 9; this Foundry reads version 4");
  Bytes shorter(whole.begin(), whole.end() - 1);
  CHECK(refusal(shorter) == concat("at byte 28: ", whole.size() - kHeader,
                                   " bytes should follow, there are ", whole.size() - kHeader - 1));
  Bytes damaged = whole;
  damaged[40] ^= std::byte{1};
  CHECK(refusal(damaged) == "at byte 28: the contents are damaged: their hash is another");

  const auto changed = [](const auto& change) {
    ProgramImage image = sample();
    change(image);
    const std::string text = refusal(write_program(image));
    return text.substr(text.find(": ") + 2);  // without the byte
  };
  CHECK(changed([](ProgramImage& i) { i.graph.steps[1].kernel = 1; }) ==
        "a step's kernel is 1, there are 1");
  CHECK(changed([](ProgramImage& i) { i.graph.steps[0].bindings[1].tensor = 3; }) ==
        "a binding's tensor is 3, there are 3");
  CHECK(changed([](ProgramImage& i) { i.graph.steps[0].bindings[1].offset = 8; }) ==
        "a binding has 128 bytes at 8 of 128");
  CHECK(changed([](ProgramImage& i) { i.graph.steps[0].bindings[2].offset = ~0ull; }) ==
        "a binding has 32 bytes at 18446744073709551615 of 48");
  CHECK(changed([](ProgramImage& i) { i.graph.tensors[1].is_written = false; }) ==
        "tensor 'cache' is written, and is said not to be");
  CHECK(changed([](ProgramImage& i) { i.graph.steps[0].uses[1].offset = 25; }) ==
        "a u64 at byte 25 is not in its binding of 32");
  CHECK(changed([](ProgramImage& i) { i.graph.steps[0].uses[0].binding = 0; }) ==
        "a u32 at byte 0 is not in its binding of 40");
  CHECK(changed([](ProgramImage& i) { i.graph.steps[0].uses[0].parameter = 2; }) ==
        "a use's parameter is 2, there are 2");
  CHECK(changed([](ProgramImage& i) { i.graph.steps[0].config.grid.y = 0; }) ==
        "a grid's size is 0");
  CHECK(changed([](ProgramImage& i) { i.graph.parameters[0] = "1st"; }) ==
        "parameter name '1st' is not an identifier");
  CHECK(changed([](ProgramImage& i) { i.contents[2].bytes.pop_back(); }) ==
        "a tensor of 16 bytes has 15 of them");
  CHECK(changed([](ProgramImage& i) { i.contents[0].file = 1; }) ==
        "a weight's file is 1, there are 1");
}
