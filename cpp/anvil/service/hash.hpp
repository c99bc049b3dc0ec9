// hash.hpp: SHA-256 for the names of cache entries, a fast checksum for their contents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace anvil {

/// SHA-256 (FIPS 180-4) over a sequence of fields, each preceded by its length, so that no two
/// different sequences hash alike by running together.
class KeyHasher {
 public:
  KeyHasher& add(std::string_view field);
  KeyHasher& add(uint64_t number);
  /// 64 hexadecimal digits. Ends the hasher.
  std::string finish();

  /// Plain SHA-256 of one text, 64 hexadecimal digits.
  static std::string sha256(std::string_view text);

 private:
  void append(const void* data, size_t bytes);
  void compress(const unsigned char* block);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> block_;
  size_t filled_ = 0;
  uint64_t total_ = 0;
};

/// 64 bits that change with any damage by accident; several GB/s. Not for telling forgeries.
uint64_t checksum(std::span<const std::byte> data);

}  // namespace anvil
