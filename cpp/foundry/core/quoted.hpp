// Text of files, as messages show it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string_view>

namespace foundry {

/// The character that `text` begins with, and its bytes; length 0 if those are no UTF-8 (RFC 3629:
/// no overlong forms, no surrogates, nothing past U+10FFFF). `text` is not empty.
struct Utf8 {
  std::uint32_t code = 0;
  std::size_t length = 0;
};
[[nodiscard]] Utf8 first_character(std::string_view text) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Prints as 'text': 60 characters at most, and nothing that a terminal or a reader would take for
/// something else. Control and formatting characters, and bytes that are no UTF-8, become escapes.
struct Quoted {
  std::string_view text;
};
std::ostream& operator<<(std::ostream& out, const Quoted& quoted);

}  // namespace foundry
