// UTF-8 and UTF-16, as NSString needs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace anvil::unicode {

/// Reads the code point at `position` and moves past it; nothing on malformed UTF-8 (overlong
/// forms, surrogates and values above U+10FFFF included).
std::optional<char32_t> decode(std::string_view text, size_t& position);
bool valid(std::string_view text);
bool ascii(std::string_view text);
void append(std::string& text, char32_t code_point);

/// Units of valid UTF-8 in UTF-16.
size_t utf16_length(std::string_view text);
/// Where the unit of that index is in the UTF-8, the text's end for one beyond; of a code point of
/// two units the second is in its midst, and is taken for the next code point.
size_t byte_of_utf16(std::string_view text, size_t index);
std::u16string to_utf16(std::string_view text);
/// Lone surrogates become U+FFFD.
std::string from_utf16(std::u16string_view units);

}  // namespace anvil::unicode
