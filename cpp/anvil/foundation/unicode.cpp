#include "anvil/foundation/unicode.hpp"

#include <algorithm>

namespace anvil::unicode {

std::optional<char32_t> decode(std::string_view text, size_t& position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(position);
  if (lead < 0x80) {
    ++position;
    return lead;
  }
  const int trailing = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  if (lead < 0xc2 || lead > 0xf4 || text.size() - position <= static_cast<size_t>(trailing))
    return std::nullopt;
  char32_t value = lead & (0x3f >> trailing);
  for (int i = 1; i <= trailing; ++i) {
    const unsigned char next = byte(position + static_cast<size_t>(i));
    if ((next & 0xc0) != 0x80) return std::nullopt;
    value = value << 6 | (next & 0x3f);
  }
  constexpr char32_t smallest[] = {0, 0x80, 0x800, 0x10000};
  if (value < smallest[trailing] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
    return std::nullopt;
  position += static_cast<size_t>(trailing) + 1;
  return value;
}

bool valid(std::string_view text) {
  for (size_t i = 0; i < text.size();)
    if (!decode(text, i)) return false;
  return true;
}

bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

void append(std::string& text, char32_t c) {
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xe0 | c >> 12);
    } else {
      put(0xf0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3f));
    }
    put(0x80 | (c >> 6 & 0x3f));
  }
  put(0x80 | (c & 0x3f));
}

size_t utf16_length(std::string_view text) {
  // One unit per code point, and one more for each that needs four bytes of UTF-8.
  size_t units = 0;
  for (const unsigned char c : text) units += (c & 0xc0) != 0x80 ? 1 + (c >= 0xf0) : 0;
  return units;
}

size_t byte_of_utf16(std::string_view text, size_t index) {
  size_t byte = 0;
  for (size_t units = 0; byte < text.size() && units < index;) {
    units += static_cast<unsigned char>(text[byte]) >= 0xf0 ? 2 : 1;
    for (++byte; byte < text.size() && (static_cast<unsigned char>(text[byte]) & 0xc0) == 0x80;)
      ++byte;
  }
  return byte;
}

std::u16string to_utf16(std::string_view text) {
  std::u16string units;
  for (size_t i = 0; i < text.size();) {
    const char32_t c = decode(text, i).value();
    if (c < 0x10000) {
      units.push_back(static_cast<char16_t>(c));
    } else {
      units.push_back(static_cast<char16_t>(0xd7c0 + (c >> 10)));
      units.push_back(static_cast<char16_t>(0xdc00 | (c & 0x3ff)));
    }
  }
  return units;
}

std::string from_utf16(std::u16string_view units) {
  std::string text;
  for (size_t i = 0; i < units.size(); ++i) {
    const char32_t c = units[i];
    if (c < 0xd800 || c >= 0xe000) {
      append(text, c);
    } else if (c < 0xdc00 && i + 1 < units.size() && (units[i + 1] & 0xfc00) == 0xdc00) {
      append(text, 0x10000 + ((c & 0x3ff) << 10 | (units[++i] & 0x3ff)));
    } else {
      append(text, 0xfffd);
    }
  }
  return text;
}

}  // namespace anvil::unicode
