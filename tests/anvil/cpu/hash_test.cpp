#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "anvil/service/hash.hpp"

using namespace anvil::service;

TEST_CASE(
    "SHA-256 gives the digests of FIPS 180-4's examples, with and without instructions for it") {
  const std::pair<std::string, const char*> examples[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1000000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
  for (const auto& [text, digest] : examples) {
    CHECK(hexadecimal(Sha256().append(text).finish()) == digest);
    CHECK(hexadecimal(Sha256::portable().append(text).finish()) == digest);
  }
}

TEST_CASE("a text hashes alike in whatever pieces it comes") {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::string text(random() % 700, ' ');
    for (char& c : text) c = static_cast<char>(random());
    Sha256 whole, pieces, portable = Sha256::portable();
    for (size_t at = 0; at < text.size();) {
      const size_t size = std::min<size_t>(1 + random() % 200, text.size() - at);
      pieces.append(text.data() + at, size);
      at += size;
    }
    const auto digest = whole.append(text).finish();
    CHECK(digest == pieces.finish());
    CHECK(digest == portable.append(text).finish());
  }
}

// RFC 4231's first two cases have keys of other lengths: this one is Python's hmac module's.
TEST_CASE("an authentication code is HMAC-SHA-256 over the name's length, the name and the text") {
  Sha256::Digest key;
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i);
  CHECK(hexadecimal(authentication(key, "name", "text")) ==
        "0041f5e972eed23ceb929e97cdd2990eefdd32b83bd0f0e690cf44de345a6681");
}

TEST_CASE("fields do not run together in a key") {
  CHECK(KeyHasher().add("ab").add("c").finish() != KeyHasher().add("a").add("bc").finish());
  CHECK(KeyHasher().add("").finish() != KeyHasher().finish());
}
