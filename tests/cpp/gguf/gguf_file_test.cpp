#include "foundry/gguf/gguf_file.hpp"

#include <doctest/doctest.h>

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
    CHECK(file->tensor_info("later").length == 84);
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
        (disk.path() + ": tensor 'later': q2_k is not there yet; there are " + supported_dtypes())
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
