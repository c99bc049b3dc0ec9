#include "foundry/core/quoted.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace foundry {

namespace {

constexpr std::size_t kMostCharacters = 60;

/// Controls, and what changes direction, joins, hides or breaks a line (Unicode's Cc, Cf, Zl, Zp as
/// far as they are met in text).
bool is_plain(std::uint32_t code) noexcept {
  struct Range {
    std::uint32_t first, last;
  };
  constexpr Range kOthers[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},
                               {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
                               {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
  return std::none_of(std::begin(kOthers), std::end(kOthers), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

void put_escape(std::ostream& out, char kind, std::uint32_t value, int digits) {
  out << '\\' << kind;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out << "0123456789abcdef"[value >> shift & 0xf];
  }
}

}  // namespace

Utf8 first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
  };
  const std::uint32_t first = byte(0);
  const std::size_t length = first < 0x80         ? 1
                             : first >> 5 == 0x6  ? 2
                             : first >> 4 == 0xe  ? 3
                             : first >> 3 == 0x1e ? 4
                                                  : 0;
  if (length == 0 || length > text.size()) return {};
  std::uint32_t code = length == 1 ? first : first & (0x7fu >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if (byte(k) >> 6 != 0x2) return {};
    code = code << 6 | (byte(k) & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, length};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = first_character(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::ostream& operator<<(std::ostream& out, const Quoted& quoted) {
  out << '\'';
  std::string_view left = quoted.text;
  for (std::size_t shown = 0; !left.empty(); ++shown) {
    if (shown == kMostCharacters) {
      out << "…";
      break;
    }
    const Utf8 character = first_character(left);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    if (character.length == 0) {
      put_escape(out, 'x', static_cast<unsigned char>(left.front()), 2);
    } else if (is_plain(character.code)) {
      out << left.substr(0, length);
    } else if (character.code < 0x100) {
      put_escape(out, 'x', character.code, 2);
    } else if (character.code < 0x10000) {
      put_escape(out, 'u', character.code, 4);
    } else {
      put_escape(out, 'U', character.code, 8);
    }
    left.remove_prefix(length);
  }
  return out << '\'';
}

}  // namespace foundry
