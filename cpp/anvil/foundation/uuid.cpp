// NSUUID: random ones of version 4, and text, as RFC 9562 has them.
#include <array>
#include <cstring>
#include <random>

#include <Foundation/NSObjCRuntime.hpp>

#include "anvil/foundation/string.hpp"

namespace anvil {
namespace {

using Bytes = std::array<unsigned char, 16>;

Bytes random_bytes() {
  Bytes bytes;
  std::random_device device;
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(device());
  bytes[6] = static_cast<unsigned char>(0x40 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<unsigned char>(0x80 | (bytes[8] & 0x3f));
  return bytes;
}

struct Uuid : objc::Object {
  using Super = RootObject;

  Bytes bytes = random_bytes();
};

/// Where the text has hyphens: before these bytes.
constexpr bool hyphen_before(size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

std::string text_of(const Bytes& bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (hyphen_before(i)) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}
/// Of a hexadecimal digit; 16 for another character.
unsigned digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 16;
}
std::optional<Bytes> parsed(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Bytes bytes;
  size_t at = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (hyphen_before(i) && text[at++] != '-') return std::nullopt;
    const unsigned high = digit(text[at++]), low = digit(text[at++]);
    if ((high | low) > 15) return std::nullopt;
    bytes[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return bytes;
}

Uuid* fresh() {
  return objc::make<Uuid>().autoreleased();
}
Uuid* init_with_text(Uuid* self, const String* text) {
  if (const auto bytes = parsed(utf8(text))) {
    self->bytes = *bytes;
    return self;
  }
  objc::release(self);
  return nullptr;
}
Uuid* init_with_bytes(Uuid* self, const unsigned char* bytes) {
  if (bytes)
    std::memcpy(self->bytes.data(), bytes, self->bytes.size());
  else
    self->bytes = {};
  return self;
}
void get_bytes(const Uuid* self, unsigned char* bytes) {
  std::memcpy(bytes, self->bytes.data(), self->bytes.size());
}
String* text(const Uuid* self) {
  return make_string(text_of(self->bytes)).autoreleased();
}
NS::ComparisonResult compare(const Uuid* self, const Uuid* other) {
  return self->bytes < other->bytes   ? NS::OrderedAscending
         : other->bytes < self->bytes ? NS::OrderedDescending
                                      : NS::OrderedSame;
}
bool equals(const Uuid* self, const objc_object* object) {
  const auto* other = objc::as<Uuid>(object);
  return other && other->bytes == self->bytes;
}
size_t hash(const Uuid* self) {
  size_t first;
  std::memcpy(&first, self->bytes.data(), sizeof first);
  return first;
}
Uuid* copy(Uuid* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Uuid> uuid_definition{
    "NSUUID",
    {
        objc::class_method<&fresh>("UUID"),
        objc::function<&init_with_text>("initWithUUIDString:"),
        objc::function<&init_with_bytes>("initWithUUIDBytes:"),
        objc::function<&get_bytes>("getUUIDBytes:"),
        objc::function<&text>("UUIDString"),
        objc::function<&text>("description"),
        objc::function<&compare>("compare:"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&copy>("copy"),
    }};

}  // namespace
}  // namespace anvil
