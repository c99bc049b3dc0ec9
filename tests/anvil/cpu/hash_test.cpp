#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <vector>

#include "anvil/service/hash.hpp"

using namespace anvil;

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
  CHECK(KeyHasher::sha256("") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(KeyHasher::sha256("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(KeyHasher::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(KeyHasher::sha256(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("fields do not run together in a key") {
  CHECK(KeyHasher().add("ab").add("c").finish() != KeyHasher().add("a").add("bc").finish());
  CHECK(KeyHasher().add("").finish() != KeyHasher().finish());
}

TEST_CASE("the checksum tells every flipped bit, swap and truncation") {
  std::vector<std::byte> data(203);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 37 % 251);
  std::set<uint64_t> sums{checksum(data)};
  size_t variants = 1;
  for (size_t i = 0; i < data.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit, ++variants) {
      data[i] ^= std::byte{1} << bit;
      sums.insert(checksum(data));
      data[i] ^= std::byte{1} << bit;
    }
    sums.insert(checksum(std::span(data).first(i)));
    ++variants;
  }
  for (size_t i = 0; i + 1 < data.size(); ++i, ++variants) {
    std::swap(data[i], data[i + 1]);
    sums.insert(checksum(data));
    std::swap(data[i], data[i + 1]);
  }
  CHECK(sums.size() == variants);
}
