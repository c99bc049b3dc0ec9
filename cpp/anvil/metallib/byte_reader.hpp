// byte_reader.hpp: a cursor over a part of a library that never passes its end.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "anvil/metallib/input.hpp"

namespace anvil::metallib {

static_assert(std::endian::native == std::endian::little, "the containers are little endian");

/// Looks at text that outlives it. Every failure is a FormatError with the place in the file.
class ByteReader {
 public:
  /// `text` is at byte `offset` of the library of that name.
  ByteReader(const std::string& name, std::string_view text, uint64_t offset)
      : name_(name), text_(text), offset_(offset) {}

  uint64_t left() const { return text_.size() - position_; }
  /// In the file.
  uint64_t position() const { return offset_ + position_; }

  /// `what` names it if there are too few bytes.
  template <class T>
  T number(const char* what) {
    std::array<char, sizeof(T)> raw{};
    bytes(sizeof(T), what).copy(raw.data(), raw.size());
    return std::bit_cast<T>(raw);
  }
  std::string_view bytes(uint64_t length, const char* what);
  /// A 32-bit length and as many bytes.
  std::string_view string(const char* what) { return bytes(number<uint32_t>(what), what); }
  /// Throws unless `count` things of at least `least` bytes each can follow. `at`: of the count.
  void require_count(uint64_t at, uint64_t count, uint64_t least, const char* what) const;
  /// The next `length` bytes by themselves.
  ByteReader part(uint64_t length, const char* what);
  [[noreturn]] void fail(uint64_t at, const std::string& what) const;

 private:
  const std::string& name_;
  std::string_view text_;
  uint64_t offset_;
  uint64_t position_ = 0;
};

[[noreturn]] void fail_at(const std::string& name, uint64_t at, const std::string& what);

/// "<length> bytes from byte <offset>", for errors.
std::string range_text(uint64_t offset, uint64_t length);

/// Throws unless `text`, which is at byte `offset` and called `what`, has that SHA-256.
void check_hash(const std::string& name, uint64_t offset, std::string_view what,
                std::string_view text, std::string_view hash);

}  // namespace anvil::metallib
