#include "anvil/metallib/byte_reader.hpp"

#include "anvil/service/hash.hpp"

namespace anvil::metallib {

void fail_at(const std::string& name, uint64_t at, const std::string& what) {
  throw FormatError(name + ": at byte " + std::to_string(at) + ": " + what);
}

std::string range_text(uint64_t offset, uint64_t length) {
  return std::to_string(length) + " bytes from byte " + std::to_string(offset);
}

void check_hash(const std::string& name, uint64_t offset, std::string_view what,
                std::string_view text, std::string_view hash) {
  const service::Sha256::Digest digest = service::Sha256().append(text).finish();
  if (hash == std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size())) return;
  fail_at(name, offset,
          "'" + std::string(what) + "' is damaged: its " + std::to_string(text.size()) +
              " bytes do not have the SHA-256 that the library says");
}

void ByteReader::fail(uint64_t at, const std::string& what) const {
  fail_at(name_, at, what);
}

std::string_view ByteReader::bytes(uint64_t length, const char* what) {
  if (length > left())
    fail(position(), std::string(what) + " needs " + std::to_string(length) + " bytes, " +
                         std::to_string(left()) + " are left before byte " +
                         std::to_string(offset_ + text_.size()));
  const std::string_view result = text_.substr(position_, length);
  position_ += length;
  return result;
}

void ByteReader::require_count(uint64_t at, uint64_t count, uint64_t least,
                               const char* what) const {
  if (count <= left() / least) return;
  fail(at, std::to_string(count) + " " + what + " of at least " + std::to_string(least) +
               " bytes each claimed, " + std::to_string(left()) + " bytes are left before byte " +
               std::to_string(offset_ + text_.size()));
}

ByteReader ByteReader::part(uint64_t length, const char* what) {
  const uint64_t at = position();
  return {name_, bytes(length, what), at};
}

}  // namespace anvil::metallib
