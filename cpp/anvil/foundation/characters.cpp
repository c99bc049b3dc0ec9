// NSCharacterSet, and NSScanner, which reads a string.
#include "anvil/foundation/characters.hpp"

#include <charconv>
#include <climits>
#include <cstdlib>

#include "anvil/foundation/unicode.hpp"

namespace anvil {
namespace {

bool is_newline(char32_t c) {
  return (c >= '\n' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029;
}
/// Unicode's category Zs, and the tab.
bool is_space(char32_t c) {
  return c == ' ' || c == '\t' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}
bool is_space_or_newline(char32_t c) {
  return is_space(c) || is_newline(c);
}
bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char32_t c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0xc0;
}

CharacterSet* made(std::function<bool(char32_t)> contains) {
  return objc::make<CharacterSet>(std::move(contains)).autoreleased();
}
template <bool (*Contains)(char32_t)>
CharacterSet* of() {
  return made(Contains);
}
CharacterSet* of_string(const String* string) {
  std::u32string members;
  const std::string_view text = utf8(string);
  for (size_t i = 0; i < text.size();) members += unicode::decode(text, i).value();
  return made([members](char32_t c) { return members.find(c) != members.npos; });
}
CharacterSet* inverted(const CharacterSet* self) {
  return made([contains = self->contains](char32_t c) { return !contains(c); });
}
bool is_member(const CharacterSet* self, NS::unichar c) {
  return self->contains(c);
}
CharacterSet* copy(CharacterSet* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<CharacterSet> character_set_definition{
    "NSCharacterSet",
    {
        objc::class_method<&of<is_space>>("whitespaceCharacterSet"),
        objc::class_method<&of<is_space_or_newline>>("whitespaceAndNewlineCharacterSet"),
        objc::class_method<&of<is_newline>>("newlineCharacterSet"),
        objc::class_method<&of<is_digit>>("decimalDigitCharacterSet"),
        objc::class_method<&of<is_alphanumeric>>("alphanumericCharacterSet"),
        objc::class_method<&of_string>("characterSetWithCharactersInString:"),
        objc::function<&inverted>("invertedSet"),
        objc::function<&is_member>("characterIsMember:"),
        objc::function<&copy>("copy"),
    }};

struct Scanner : objc::Object {
  using Super = RootObject;

  /// What is left when characters to be skipped are.
  std::string_view rest() const {
    const std::string_view text = utf8(string.get());
    size_t at = position;
    while (at < text.size() && skipped) {
      size_t next = at;
      if (!skipped->contains(unicode::decode(text, next).value())) break;
      at = next;
    }
    return text.substr(at);
  }
  void leave(std::string_view after) { position = utf8(string.get()).size() - after.size(); }

  objc::Ref<String> string;
  size_t position = 0;  ///< in bytes
  objc::Ref<CharacterSet> skipped = objc::Ref<CharacterSet>(of<is_space_or_newline>());
};

Scanner* init_with(Scanner* self, String* string) {
  self->string = kept_copy(string);
  return self;
}
Scanner* with(String* string) {
  return init_with(objc::make<Scanner>().autoreleased(), string);
}
void give(String** result, std::string_view text) {
  if (result) *result = make_string(std::string(text)).autoreleased();
}
bool scan_string(Scanner* self, const String* wanted, String** result) {
  const std::string_view rest = self->rest();
  if (!rest.starts_with(utf8(wanted))) return false;
  give(result, utf8(wanted));
  self->leave(rest.substr(utf8(wanted).size()));
  return true;
}
bool scan_up_to(Scanner* self, const String* end, String** result) {
  const std::string_view rest = self->rest();
  const size_t size = std::min(rest.find(utf8(end)), rest.size());
  if (size == 0) return false;
  give(result, rest.substr(0, size));
  self->leave(rest.substr(size));
  return true;
}
template <class T>
bool scan_number(Scanner* self, T* result) {
  std::string_view rest = self->rest();
  if (rest.starts_with('+')) rest.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (end == rest.data()) return false;
  if (error == std::errc::result_out_of_range) {
    if constexpr (std::is_integral_v<T>)
      value = rest.starts_with('-') ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
    else
      value = std::strtod(std::string(rest).c_str(), nullptr);
  }
  if (result) *result = value;
  self->leave(rest.substr(static_cast<size_t>(end - rest.data())));
  return true;
}
bool at_end(const Scanner* self) {
  return self->rest().empty();
}
NS::UInteger location(const Scanner* self) {
  return unicode::utf16_length(utf8(self->string.get()).substr(0, self->position));
}
void set_location(Scanner* self, NS::UInteger location) {
  self->position = unicode::byte_of_utf16(utf8(self->string.get()), location);
}

ANVIL_OBJC_CLASS_DEFINITION<Scanner> scanner_definition{
    "NSScanner",
    {
        objc::class_method<&with>("scannerWithString:"),
        objc::function<&init_with>("initWithString:"),
        objc::property<&Scanner::string>("string"),
        objc::property<&Scanner::skipped>("charactersToBeSkipped", "setCharactersToBeSkipped:"),
        objc::function<&location>("scanLocation"),
        objc::function<&set_location>("setScanLocation:"),
        objc::function<&at_end>("isAtEnd"),
        objc::function<&scan_string>("scanString:intoString:"),
        objc::function<&scan_up_to>("scanUpToString:intoString:"),
        objc::function<&scan_number<int>>("scanInt:"),
        objc::function<&scan_number<NS::Integer>>("scanInteger:"),
        objc::function<&scan_number<double>>("scanDouble:"),
    }};

}  // namespace
}  // namespace anvil
