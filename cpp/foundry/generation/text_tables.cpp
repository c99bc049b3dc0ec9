#include "foundry/generation/text_tables.hpp"

#include "foundry/core/error.hpp"
#include "foundry/unsafe/host_memory.hpp"

namespace foundry {

TextTables::TextTables(const std::string& path) {
  try {
    file_ = GgufFile::open(path);
  } catch (const GgufError&) {
    std::throw_with_nested(ProgramError(concat(path, ": cannot be read as tables of text")));
  }
}

void TextTables::fail(std::string_view key, const std::string& what) const {
  throw ProgramError(concat(file_->path(), ": ", key, " ", what));
}

const GgufValue& TextTables::get(std::string_view key) const {
  if (const GgufValue* found = file_->find(key)) return *found;
  fail(key, "is missing");
}

void TextTables::require_count(std::string_view key, std::size_t count,
                               std::size_t expected) const {
  if (count != expected) fail(key, concat("has ", count, " entries, expected ", expected));
}

std::vector<std::string_view> TextTables::byte_strings(const std::string& key) const {
  const auto bytes = unsafe::text_of(std::as_bytes(numbers<std::uint8_t>(key + ".bytes")));
  std::vector<std::string_view> found;
  std::size_t start = 0;
  for (const std::uint32_t end : numbers<std::uint32_t>(key + ".ends")) {
    if (end < start || end > bytes.size()) {
      fail(key + ".ends",
           concat("has ", end, " after ", start, "; the texts are ", bytes.size(), " bytes"));
    }
    found.push_back(bytes.substr(start, end - start));
    start = end;
  }
  return found;
}

void TextTables::require_tokens(std::string_view key, std::span<const std::int32_t> tokens,
                                std::size_t count, bool may_be_none) const {
  for (const std::int32_t token : tokens) {
    const bool is_none = may_be_none && token == -1;
    if (!is_none && (token < 0 || static_cast<std::size_t>(token) >= count)) {
      fail(key, concat("names token ", token, ", there are ", count));
    }
  }
}

}  // namespace foundry
