#include "foundry/gguf/gguf_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "foundry/core/error.hpp"
#include "gguf_writer.hpp"

using namespace foundry;

TEST_CASE("every kind of value, and tensors, are read back") {
  for (const std::uint32_t version : {2u, 3u}) {
    const TemporaryFile disk(sample_file(version).bytes());
    const auto file = GgufFile::open(disk.path());
    CHECK(file->version() == version);
    CHECK(file->alignment() == 64);
    CHECK(file->metadata().size() == 16);
    CHECK(file->metadata()[0].first == "general.architecture");
    CHECK(file->get_string("general.architecture") == "llama");
    CHECK(file->get_unsigned("a.u8") == 200);
    CHECK(file->get_unsigned("a.u64") == 1ull << 40);
    CHECK(file->get_float("a.f32") == 0.5);
    CHECK(file->get_float("a.f64") == 0.25);
    CHECK(file->get_float("a.i16") == -300);
    CHECK(file->get_bool("a.bool"));
    CHECK(std::get<std::int8_t>(*file->find("a.i8")) == -5);
    CHECK(std::get<std::int64_t>(*file->find("a.i64")) == -(1ll << 40));
    const auto& tokens = std::get<std::vector<std::string_view>>(*file->find("t.tokens"));
    CHECK(tokens == std::vector<std::string_view>{"<s>", "", "caf\xc3\xa9"});
    CHECK(std::get<std::vector<float>>(*file->find("t.scores")) == std::vector<float>{1, -2});
    CHECK(std::get<std::vector<bool>>(*file->find("t.flags")) == std::vector<bool>{true, false});
    CHECK(std::get<std::vector<std::uint32_t>>(*file->find("t.empty")).empty());
    CHECK(file->find("nothing") == nullptr);

    CHECK(file->tensors().size() == 3);
    const GgufTensorInfo& weights = file->tensor_info("weights");
    CHECK(weights.extents == Extents{3, 64});
    CHECK(weights.dtype == DType::q4_1);
    CHECK(weights.length == 120);
    CHECK(file->tensor_bytes(weights)[7] == std::byte{7});
    CHECK(file->tensor_info("later").length == 292);
    CHECK(to_string(*file) == "GGUF v" + std::to_string(version) + " '" + disk.path() +
                                  "': " + format_bytes(file->size()) + ", 3 tensors, 16 keys");
  }
}

TEST_CASE("tensors bind to a device straight from the mapping") {
  const TemporaryFile disk(sample_file().bytes());
  AnyTensor embed, weights;
  const void* mapped = nullptr;
  {
    const auto file = GgufFile::open(disk.path());
    const Device device = Device::system_default();
    embed = file->tensor(device, "embed");
    weights = file->tensor(device, "weights");
    mapped = file->tensor_bytes(file->tensor_info("embed")).data();
    CHECK_THROWS_WITH_AS(
        file->tensor(device, "later"),
        (disk.path() + ": tensor 'later': unsupported dtype q8_k; supported: " + supported_dtypes())
            .c_str(),
        DTypeError);
    CHECK_THROWS_WITH_AS(file->tensor(device, "missing"),
                         (disk.path() + ": there is no tensor 'missing' among 3").c_str(),
                         GgufError);
  }
  // The file object is gone; the tensors keep the mapping.
  CHECK(embed.mode() == StorageMode::borrowed);
  CHECK(embed.is_read_only());
  CHECK(embed.host_bytes().data() == mapped);
  CHECK(embed.host<float>()[7] == 7.0f);
  CHECK(weights.host<q4_1>().size() == 6);
  CHECK(embed.buffer() == weights.buffer());
  CHECK(to_string(embed) == "Tensor 'embed' (2, 4) f32, dedicated, borrowed, read-only");
}

TEST_CASE("typed reads name the key and what it is") {
  const TemporaryFile disk(sample_file().bytes());
  const auto file = GgufFile::open(disk.path());
  const auto message = [&](const char* rest) { return disk.path() + ": " + rest; };
  CHECK_THROWS_WITH_AS(file->get_unsigned("none"), message("there is no key 'none'").c_str(),
                       GgufError);
  CHECK_THROWS_WITH_AS(file->get_unsigned("a.i8"),
                       message("key 'a.i8' is i8 -5, not an unsigned integer").c_str(), GgufError);
  CHECK_THROWS_WITH_AS(file->get_string("a.f32"),
                       message("key 'a.f32' is f32 0.5, not a string").c_str(), GgufError);
  CHECK_THROWS_WITH_AS(file->get_bool("general.architecture"),
                       message("key 'general.architecture' is string 'llama', not a bool").c_str(),
                       GgufError);
  CHECK_THROWS_WITH_AS(file->get_float("t.tokens"),
                       message("key 't.tokens' is array of 3 string, not a number").c_str(),
                       GgufError);
}

TEST_CASE("a missing file is a typed error") {
  CHECK_THROWS_WITH_AS(GgufFile::open("/nowhere/m.gguf"),
                       "cannot open '/nowhere/m.gguf': No such file or directory", GgufError);
}

TEST_CASE("what is no regular file is refused at once") {
  CHECK_THROWS_WITH_AS(GgufFile::open("/dev/zero"),
                       "'/dev/zero' is not a regular file but a device", GgufError);
  CHECK_THROWS_WITH_AS(GgufFile::open("/tmp"), "'/tmp' is not a regular file but a folder",
                       GgufError);
}

TEST_CASE("metadata of any length is the file's, wherever the reader's blocks end") {
  // Texts of 0 bytes to some blocks, so that each kind of read meets a block's end.
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 400; ++i) texts.emplace_back(i * i * 7 % 9'001, 'a' + i % 26);
  texts.emplace_back(700'000, 'z');
  GgufWriter w;
  w.header(0, 2 * texts.size() + 1);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    w.string_entry("text." + std::to_string(i), texts[i]);
    w.entry<std::uint64_t>("number." + std::to_string(i), 10, i);
  }
  w.array_entry("numbers", 4, 300'000);
  for (std::uint32_t i = 0; i < 300'000; ++i) w.put(i);
  const TemporaryFile disk(w.bytes());
  const auto file = GgufFile::open(disk.path());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(file->get_string("text." + std::to_string(i)) == texts[i]);
    CHECK(file->get_unsigned("number." + std::to_string(i)) == i);
  }
  const auto& numbers = std::get<std::vector<std::uint32_t>>(*file->find("numbers"));
  REQUIRE(numbers.size() == 300'000);
  for (std::uint32_t i = 0; i < 300'000; ++i) REQUIRE(numbers[i] == i);
}

TEST_CASE("a file that was cut after it was opened is a typed error, and whole again works") {
  const std::string whole = sample_file().bytes();
  const TemporaryFile disk(whole);
  const auto file = GgufFile::open(disk.path());
  const Device device = Device::system_default();
  const GgufTensorInfo& embed = file->tensor_info("embed");
  const std::size_t left = embed.offset + 8;
  std::filesystem::resize_file(disk.path(), left);
  const std::string message = concat("'", disk.path(), "' was cut while it was in use: it has ",
                                     left, " bytes, and had ", whole.size(), " when it was opened");
  CHECK_THROWS_WITH_AS(file->tensor(device, "embed"), message.c_str(), GgufError);
  CHECK_THROWS_WITH_AS(file->tensor_bytes(embed), message.c_str(), GgufError);
  CHECK_THROWS_WITH_AS(file->read_tensor(embed), message.c_str(), GgufError);
  CHECK_THROWS_WITH_AS(file->require_whole(), message.c_str(), GgufError);
  CHECK(file->get_string("general.architecture") == "llama");  // metadata was read
  disk.write(whole);
  const AnyTensor again = file->tensor(device, "embed");
  CHECK(again.host<float>()[7] == 7.0f);
  CHECK(file->read_tensor(embed).size() == 32);
}

TEST_CASE("a tensor at any offset is what the file has") {
  const Device device = Device::system_default();
  for (const std::uint32_t alignment : {1u, 2u, 4u, 8u, 4096u}) {
    for (std::uint64_t shift = 0; shift < 8; ++shift) {
      GgufWriter w;
      w.header(3, 1);
      w.entry<std::uint32_t>("general.alignment", 4, alignment);
      const std::uint64_t first = shift * alignment;
      const auto after = [&](std::uint64_t at) {
        return (at + alignment - 1) / alignment * alignment;
      };
      const std::uint64_t second = after(first + 12), third = after(second + 34);
      w.tensor("f32", {3}, 0, first);
      w.tensor("q8_0", {32}, 8, second);
      w.tensor("i64", {2}, 27, third);
      w.pad(alignment);
      const std::size_t data = w.bytes().size();
      w.raw(std::string(first, '?')).put(1.5f).put(-2.5f).put(3.5f);
      w.raw(std::string(data + second - w.bytes().size(), '?'));
      for (int i = 0; i < 34; ++i) w.put(static_cast<std::uint8_t>(i));
      w.raw(std::string(data + third - w.bytes().size(), '?')).put(1ll << 40).put(-7ll);
      const TemporaryFile disk(w.bytes());
      const auto file = GgufFile::open(disk.path());
      const AnyTensor floats = file->tensor(device, "f32");
      const bool is_aligned = (data + first) % 4 == 0;
      CHECK(floats.mode() == (is_aligned ? StorageMode::borrowed : StorageMode::shared));
      CHECK(floats.host<float>()[1] == -2.5f);
      const AnyTensor blocks = file->tensor(device, "q8_0");
      const AnyTensor integers = file->tensor(device, "i64");
      CHECK(blocks.host<q8_0>()[0].codes[31] == 33);
      CHECK(integers.host<std::int64_t>()[1] == -7);
    }
  }
}
