// ContentHash: stable, and every byte counts.
#include <doctest/doctest.h>

#include <set>
#include <span>
#include <vector>

#include "foundry/core/content_hash.hpp"

using namespace foundry;

namespace {

std::vector<std::byte> counted(std::size_t length) {
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}

}  // namespace

TEST_CASE("the hash is what files were written with") {
  CHECK(content_hash({}) == 0x130b36c1028a7dc0);
  CHECK(content_hash(counted(1)) == 0x30ef6197158acc1a);
  CHECK(content_hash(counted(100)) == 0x4e9e1cb7ce31142d);
}

TEST_CASE("lengths and every flipped bit change it") {
  std::set<std::uint64_t> seen;
  std::size_t inputs = 0;
  for (std::size_t length = 0; length < 130; ++length, ++inputs) {
    seen.insert(content_hash(std::vector<std::byte>(length)));
  }
  for (const std::size_t length : {1, 31, 32, 33, 64, 97}) {
    std::vector<std::byte> bytes = counted(length);
    for (std::size_t bit = 0; bit < 8 * length; ++bit, ++inputs) {
      bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      seen.insert(content_hash(bytes));
      bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    }
  }
  CHECK(seen.size() == inputs);
}
