// ByteReader: a cursor over a file's bytes that never passes their end.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"
#include "foundry/unsafe/host_memory.hpp"

namespace foundry {

static_assert(std::endian::native == std::endian::little, "files of ours are little endian");

/// Bytes that are all in memory.
class SpanSource {
 public:
  SpanSource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> view(std::uint64_t offset, std::uint64_t length) const {
    return bytes_.subspan(offset, length);
  }

 private:
  std::span<const std::byte> bytes_;
};

/// `Source` has size(), and view() of what lies within it, which stays valid as long as the source.
/// Every failure is a `Failure` "<path>: at byte <offset>: ...".
template <class Failure, class Source = SpanSource>
class BasicByteReader {
 public:
  BasicByteReader(const std::string& path, Source source)
      : path_(path), source_(std::move(source)) {}

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard]] std::uint64_t left() const noexcept { return size() - position_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return source_.size(); }

  /// A number of the file; `what` names it if the file ends before it does.
  template <class T, class What>
  T number(const What& what) {
    require(sizeof(T), what);
    const T value = unsafe::load<T>(source_.view(position_, sizeof(T)), 0);
    position_ += sizeof(T);
    return value;
  }
  /// Past bytes that were looked at already.
  void skip(std::uint64_t length) {
    require(length, "what is skipped");
    position_ += length;
  }
  /// A length and as many bytes.
  template <class What>
  std::string_view string(const What& what) {
    const std::uint64_t at = position_;
    const auto length = number<std::uint64_t>(what);
    if (length > left()) {
      fail(at, concat(what, " has length ", length, ", the file has ", size(), " bytes"));
    }
    const auto text = unsafe::text_of(source_.view(position_, length));
    position_ += length;
    return text;
  }
  /// Throws unless `count` things of at least `least` bytes each can still follow. `at`: where the
  /// count stands.
  template <class What>
  void require_count(std::uint64_t at, std::uint64_t count, std::uint64_t least,
                     const What& what) const {
    if (count <= left() / least) return;
    fail(at, concat(count, " ", what, " of at least ", least, " bytes each claimed, ", left(),
                    " bytes are left of ", size()));
  }
  [[noreturn]] void fail(std::uint64_t at, const std::string& what) const {
    throw Failure(concat(path_, ": at byte ", at, ": ", what));
  }

 private:
  template <class What>
  void require(std::uint64_t length, const What& what) const {
    if (length <= left()) return;
    fail(position_, concat(what, " needs ", length, " bytes, the file ends at byte ", size()));
  }

  const std::string& path_;
  Source source_;
  std::uint64_t position_ = 0;
};

}  // namespace foundry
