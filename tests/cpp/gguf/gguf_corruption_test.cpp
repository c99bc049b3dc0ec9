// Files that lie. Each is a GgufError with the figures, or reads as a file that happens to be
// valid; run under AddressSanitizer for the reads past the end.
#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "foundry/core/error.hpp"
#include "foundry/gguf/gguf_file.hpp"
#include "gguf_writer.hpp"

using namespace foundry;

namespace {

/// The message after "<path>: ", or "" if the bytes are a valid file.
std::string refusal(const GgufWriter& writer) {
  const TemporaryFile disk(writer.bytes());
  try {
    (void)GgufFile::open(disk.path());
  } catch (const GgufError& error) {
    const std::string what = error.what();
    REQUIRE(what.substr(0, disk.path().size() + 2) == disk.path() + ": ");
    return what.substr(disk.path().size() + 2);
  }
  return "";
}

/// Opens the file and touches every byte that it hands out.
void open_and_touch(const std::string& path) {
  const auto file = GgufFile::open(path);
  std::size_t sum = to_string(*file).size();
  for (const auto& [key, value] : file->metadata()) sum += to_string(value).size() + key.size();
  for (const auto& tensor : file->tensors()) {
    for (const std::byte byte : file->tensor_bytes(tensor)) sum += static_cast<std::size_t>(byte);
  }
  CHECK(sum > 0);
}

}  // namespace

TEST_CASE("every truncation is refused") {
  const std::string whole = sample_file().bytes();
  const TemporaryFile disk(whole);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    disk.write(std::string_view(whole).substr(0, length));
    CHECK_THROWS_AS(GgufFile::open(disk.path()), GgufError);
  }
}

TEST_CASE("every flipped bit is refused or read within the file") {
  const std::string whole = sample_file().bytes();
  const TemporaryFile disk(whole);
  int refused = 0;
  // The data's bytes mean nothing to the reader.
  const std::size_t described = whole.size() - 64 - 128 - 84;
  for (std::size_t bit = 0; bit < described * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    disk.write(bytes);
    try {
      open_and_touch(disk.path());
    } catch (const GgufError&) {
      ++refused;
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("random words anywhere are refused or read within the file") {
  const std::string whole = sample_file().bytes();
  const TemporaryFile disk(whole);
  std::mt19937_64 random(11);
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = whole;
    for (int n = 0; n < 1 + round % 3; ++n) {
      const std::uint64_t kinds[] = {random(), ~0ull, 1ull << 63, 1ull << 40, random() % 64, 0};
      const std::uint64_t word = kinds[random() % 6];
      const std::size_t width = random() % 2 ? 8 : 4;
      std::memcpy(&bytes[random() % (bytes.size() - 8)], &word, width);
    }
    disk.write(bytes);
    try {
      open_and_touch(disk.path());
    } catch (const GgufError&) {
    }
  }
}

TEST_CASE("80 bytes that claim 2^40 elements are refused at once, with the figures") {
  GgufWriter w;
  w.header(0, 1).array_entry("tokenizer.ggml.scores", 6, 1ull << 40).pad(80);
  REQUIRE(w.bytes().size() == 80);
  CHECK(refusal(w) ==
        "at byte 61: 1099511627776 elements of array 'tokenizer.ggml.scores' of at least 4 bytes "
        "each claimed, 11 bytes are left of 80");
}

TEST_CASE("the header is checked") {
  CHECK(refusal(GgufWriter().raw("GGML").put(3u).put(0ull).put(0ull)) ==
        "at byte 0: this is no GGUF file: it does not begin with 'GGUF'");
  CHECK(refusal(GgufWriter().header(0, 0, 1)) == "at byte 4: version 1; versions 2 and 3 are read");
  CHECK(refusal(GgufWriter().header(0, 0, 3u << 24)) ==
        "at byte 4: the file is big endian; little-endian files are read");
  CHECK(refusal(GgufWriter().header(100, 0)) ==
        "at byte 8: 100 tensors of at least 25 bytes each claimed, 0 bytes are left of 24");
  CHECK(refusal(GgufWriter().header(0, 100)) ==
        "at byte 16: 100 keys of at least 14 bytes each claimed, 0 bytes are left of 24");
  CHECK(refusal(GgufWriter().header(1ull << 50, 0)) ==
        "at byte 8: 1125899906842624 tensors claimed; 131072 are read at most");
  CHECK(refusal(GgufWriter().header(0, ~0ull)) ==
        "at byte 16: 18446744073709551615 keys claimed; 65536 are read at most");
  CHECK(refusal(GgufWriter().header(0, 0)) == "");
  CHECK(refusal(GgufWriter().raw("GG")) ==
        "at byte 0: the magic number needs 4 bytes, the file ends at byte 2");
}

TEST_CASE("keys and values are checked") {
  CHECK(refusal(GgufWriter().header(0, 1).put(~0ull).pad(80)) ==
        "at byte 24: key 0 has length 18446744073709551615, the file has 80 bytes");
  CHECK(refusal(GgufWriter().header(0, 1).entry<std::uint8_t>("", 0, 1).pad(64)) ==
        "at byte 24: key 0 is empty");
  CHECK(refusal(GgufWriter().header(0, 1).entry<std::uint8_t>("\xff", 0, 1).pad(64)) ==
        "at byte 24: key 0 is not UTF-8");
  CHECK(refusal(GgufWriter().header(0, 1).entry<std::uint8_t>("k", 13, 1).pad(64)) ==
        "at byte 33: 'k' has value type 13; types 0 to 12 are known");
  CHECK(refusal(GgufWriter().header(0, 1).entry<std::uint8_t>("k", 7, 2).pad(64)) ==
        "at byte 37: 'k' is a bool with value 2, not 0 or 1");
  CHECK(refusal(GgufWriter().header(0, 1).array_entry("k", 9, 1).pad(64)) ==
        "at byte 37: array 'k' has elements of type 9: arrays of arrays are not read");
  CHECK(refusal(GgufWriter()
                    .header(0, 2)
                    .entry<std::uint8_t>("k", 0, 1)
                    .entry<std::uint8_t>("k", 0, 1)
                    .pad(64)) == "at byte 38: key 'k' is there twice");
  CHECK(refusal(GgufWriter().header(0, 1).string_entry("k", "v").raw("")) == "");
  CHECK(refusal(GgufWriter().header(0, 1).entry<std::uint32_t>("general.alignment", 4, 48)) ==
        "at byte 57: general.alignment is u32 48, not a u32 that is a power of two");
  CHECK(refusal(GgufWriter().header(0, 1).entry<std::uint32_t>("general.alignment", 4, 0)) ==
        "at byte 57: general.alignment is u32 0, not a u32 that is a power of two");
}

TEST_CASE("tensors are checked") {
  const auto one = [](std::vector<std::uint64_t> extents, std::uint32_t type, std::uint64_t offset,
                      std::size_t data) {
    GgufWriter w;
    w.header(1, 0).tensor("t", std::move(extents), type, offset).pad(32);
    return refusal(w.raw(std::string(data, 'x')));
  };
  CHECK(one({8}, 0, 0, 32) == "");
  CHECK(one({}, 0, 0, 4) == "");
  CHECK(one({8}, 0, 0, 31) ==
        "at byte 24: tensor 't' has 32 bytes at offset 0 of the data at byte 64, the file has 95 "
        "bytes");
  CHECK(one({8}, 0, 33, 128) ==
        "at byte 49: tensor 't' has offset 33, not a multiple of the alignment 32");
  CHECK(one({8}, 0, ~0ull - 31, 128) ==
        "at byte 24: tensor 't' has 32 bytes at offset 18446744073709551584 of the data at byte "
        "64, the file has 192 bytes");
  CHECK(one({8}, 4, 0, 32) == "at byte 45: tensor 't' has the unknown type 4");
  CHECK(one({8, 0}, 0, 0, 32) == "at byte 37: tensor 't': shape (0, 8) has a zero extent");
  CHECK(one({1ull << 40, 1ull << 40}, 0, 0, 32) ==
        "at byte 37: tensor 't': shape (1099511627776, 1099511627776) has more than "
        "9223372036854775807 elements");
  CHECK(one({33}, 8, 0, 64) ==
        "at byte 37: tensor 't': shape (33,) of q8_0: the inner size 33 is not a multiple of its "
        "block of 32");
  CHECK(one({1, 1, 1, 1, 1}, 0, 0, 32) == "at byte 33: tensor 't' has 5 dimensions, the most is 4");
  GgufWriter twice;
  twice.header(2, 0).tensor("t", {8}, 0, 0).tensor("t", {8}, 0, 32).pad(32);
  CHECK(refusal(twice.raw(std::string(64, 'x'))) == "at byte 57: tensor 't' is there twice");
  GgufWriter overlap;
  overlap.header(2, 0).tensor("a", {16}, 0, 0).tensor("b", {8}, 0, 32).pad(32);
  CHECK(refusal(overlap.raw(std::string(64, 'x'))) ==
        "at byte 57: tensor 'b' at byte 128 overlaps 'a', 64 bytes at byte 96");
}
