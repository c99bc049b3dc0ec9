// TextTables: what an exported model says besides its programs: named tables, read and checked.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/core/concat.hpp"
#include "foundry/gguf/gguf_file.hpp"

namespace foundry {

/// A file of GGUF metadata without tensors, as `model.export()` writes it. Every call throws a
/// ProgramError that names file and key for one that is missing or of another kind. What is
/// returned points into the file: valid as long as this is.
class TextTables {
 public:
  /// ProgramError also for a file that cannot be read, with the GgufError as its cause.
  explicit TextTables(const std::string& path);

  [[nodiscard]] bool flag(std::string_view key) const { return value<bool>(key); }
  [[nodiscard]] std::uint32_t number(std::string_view key) const {
    return value<std::uint32_t>(key);
  }
  [[nodiscard]] std::string_view text(std::string_view key) const {
    return value<std::string_view>(key);
  }
  [[nodiscard]] const std::vector<std::string_view>& texts(std::string_view key) const {
    return value<std::vector<std::string_view>>(key);
  }
  template <class T>
  [[nodiscard]] std::span<const T> numbers(std::string_view key) const {
    return value<std::vector<T>>(key);
  }
  /// The same of exactly so many.
  template <class T>
  [[nodiscard]] std::span<const T> numbers(std::string_view key, std::size_t count) const {
    const std::span<const T> found = numbers<T>(key);
    require_count(key, found.size(), count);
    return found;
  }
  /// Byte strings: all of them under `key`.bytes, where each ends under `key`.ends.
  [[nodiscard]] std::vector<std::string_view> byte_strings(const std::string& key) const;
  /// ProgramError unless every number is a token of `count`, or -1 where that may be.
  void require_tokens(std::string_view key, std::span<const std::int32_t> tokens, std::size_t count,
                      bool may_be_none) const;
  void require_count(std::string_view key, std::size_t count, std::size_t expected) const;
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

 private:
  template <class T>
  [[nodiscard]] const T& value(std::string_view key) const {
    const GgufValue& found = get(key);
    if (const T* typed = std::get_if<T>(&found)) return *typed;
    fail(key, "is " + to_string(found) + ", which it cannot be");
  }
  [[nodiscard]] const GgufValue& get(std::string_view key) const;

  std::shared_ptr<const GgufFile> file_;
};

}  // namespace foundry
