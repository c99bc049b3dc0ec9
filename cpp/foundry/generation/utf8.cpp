#include "foundry/generation/utf8.hpp"

#include "foundry/core/error.hpp"

namespace foundry {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The bytes of a character that begins with `lead`; 0 where none does (Unicode, table 3-7).
std::uint32_t length_of(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

bool may_follow(unsigned lead, std::uint32_t index, unsigned byte) {
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (index == 1) {
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  return byte >= low && byte <= high;
}

}  // namespace

Utf8Character utf8_at(std::string_view text, std::size_t at) noexcept {
  const unsigned lead = static_cast<unsigned char>(text[at]);
  const std::uint32_t length = length_of(lead);
  if (length == 0) return {};
  if (length == 1) return {Utf8Character::Kind::whole, 1, lead};
  char32_t code = lead & (0x7FU >> length);
  for (std::uint32_t index = 1; index < length; ++index) {
    if (at + index == text.size()) return {Utf8Character::Kind::open, index, 0};
    const unsigned byte = static_cast<unsigned char>(text[at + index]);
    if (!may_follow(lead, index, byte)) return {Utf8Character::Kind::broken, index, 0};
    code = code << 6 | (byte & 0x3FU);
  }
  return {Utf8Character::Kind::whole, length, code};
}

void require_utf8(std::string_view text, const char* what) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character character = utf8_at(text, at);
    if (character.kind != Utf8Character::Kind::whole) {
      throw ArgumentError(concat(what, " is no UTF-8: byte ",
                                 static_cast<unsigned>(static_cast<unsigned char>(text[at])),
                                 " at ", at, " begins no whole character"));
    }
    at += character.length;
  }
}

std::string Utf8Stream::push(std::string_view bytes) {
  open_ += bytes;
  std::string found;
  std::size_t at = 0;
  while (at < open_.size()) {
    const Utf8Character character = utf8_at(open_, at);
    if (character.kind == Utf8Character::Kind::open) break;
    const bool is_whole = character.kind == Utf8Character::Kind::whole;
    found += is_whole ? std::string_view(open_).substr(at, character.length) : kReplacement;
    at += character.length;
  }
  open_.erase(0, at);
  return found;
}

std::string Utf8Stream::finish() {
  const bool is_open = !open_.empty();
  open_.clear();
  return std::string(is_open ? kReplacement : "");
}

}  // namespace foundry
