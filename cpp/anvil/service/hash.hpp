// hash.hpp: SHA-256 for the names of cache entries, and keyed for their contents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace anvil::service {

/// FIPS 180-4. With the processor's own instructions where it has them, some 2 GB/s.
class Sha256 {
 public:
  using Digest = std::array<uint8_t, 32>;

  Sha256& append(const void* data, size_t bytes);
  Sha256& append(std::string_view text) { return append(text.data(), text.size()); }
  /// Ends the hasher.
  Digest finish();

  /// By the portable code alone, for tests.
  static Sha256 portable();

 private:
  using Compress = void (*)(uint32_t state[8], const unsigned char* blocks, size_t count);
  static Compress fastest();

  Compress compress_ = fastest();
  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> block_;
  size_t filled_ = 0;
  uint64_t total_ = 0;
};

/// SHA-256 over a sequence of fields, each preceded by its length, so that no two different
/// sequences hash alike by running together.
class KeyHasher {
 public:
  KeyHasher& add(std::string_view field);
  KeyHasher& add(uint64_t number);
  /// 64 hexadecimal digits. Ends the hasher.
  std::string finish();

 private:
  Sha256 hash_;
};

/// HMAC-SHA-256 (RFC 2104) of `text` after `name`, which is preceded by its length: nobody without
/// `key` makes one.
Sha256::Digest authentication(const Sha256::Digest& key, std::string_view name,
                              std::string_view text);

/// 64 hexadecimal digits.
std::string hexadecimal(const Sha256::Digest& digest);

}  // namespace anvil::service
