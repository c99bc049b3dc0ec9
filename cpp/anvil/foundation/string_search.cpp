// NSString: parts, searches, numbers, and other strings made of one; NSMutableString.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/characters.hpp"
#include "anvil/foundation/made.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/foundation/unicode.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

String* of(std::string_view text) {
  return make_string(std::string(text)).autoreleased();
}

/// The bytes of a range of UTF-16 units.
std::pair<size_t, size_t> bytes_of(const String* self, NS::Range range, const char* method) {
  const std::string_view text = utf8(self);
  const size_t length = unicode::utf16_length(text);
  if (range.location > length || range.length > length - range.location)
    throw OutOfRange(std::string(method) + ": range {" + std::to_string(range.location) + ", " +
                     std::to_string(range.length) + "} is beyond length " + std::to_string(length));
  const size_t first = unicode::byte_of_utf16(text, range.location);
  return {first, unicode::byte_of_utf16(text.substr(first), range.length)};
}

String* part(const String* self, NS::Range range) {
  const auto [first, size] = bytes_of(self, range, "-[NSString substringWithRange:]");
  return of(utf8(self).substr(first, size));
}
String* from(const String* self, NS::UInteger index) {
  const size_t length = unicode::utf16_length(utf8(self));
  return part(self, NS::Range(index, length > index ? length - index : 0));
}
String* up_to(const String* self, NS::UInteger index) {
  return part(self, NS::Range(0, index));
}
void characters(const String* self, char16_t* buffer, NS::Range range) {
  const auto [first, size] = bytes_of(self, range, "-[NSString getCharacters:range:]");
  const std::u16string units = unicode::to_utf16(utf8(self).substr(first, size));
  std::copy(units.begin(), units.end(), buffer);
}

bool has_prefix(const String* self, const String* prefix) {
  return utf8(self).starts_with(utf8(prefix));
}
bool has_suffix(const String* self, const String* suffix) {
  return utf8(self).ends_with(utf8(suffix));
}
bool contains(const String* self, const String* text) {
  return utf8(self).find(utf8(text)) != std::string_view::npos;
}
NS::Range not_found() {
  return NS::Range(static_cast<NS::UInteger>(NS::NotFound), 0);
}
NS::Range range_at(std::string_view text, size_t position, size_t size) {
  if (position == text.npos || size == 0) return not_found();
  return NS::Range(unicode::utf16_length(text.substr(0, position)),
                   unicode::utf16_length(text.substr(position, size)));
}
NS::Range range_of(const String* self, const String* text) {
  return range_at(utf8(self), utf8(self).find(utf8(text)), utf8(text).size());
}

/// Calls `found` with the code points of a text and their places, until it returns false.
template <class Function>
void each_character(std::string_view text, Function&& found) {
  for (size_t i = 0; i < text.size();) {
    const size_t start = i;
    const char32_t character = unicode::decode(text, i).value();
    if (!found(character, start, i)) return;
  }
}

NS::Range range_of_set(const String* self, const CharacterSet* set) {
  NS::Range range = not_found();
  each_character(utf8(self), [&](char32_t character, size_t start, size_t end) {
    if (!set->contains(character)) return true;
    range = range_at(utf8(self), start, end - start);
    return false;
  });
  return range;
}

Array* components(const String* self, const String* separator) {
  Objects parts;
  const std::string_view text = utf8(self), between = utf8(separator);
  size_t start = 0;
  if (!between.empty())
    for (size_t end; (end = text.find(between, start)) != text.npos; start = end + between.size())
      parts.push_back(make_string(std::string(text.substr(start, end - start))));
  parts.push_back(make_string(std::string(text.substr(start))));
  return objc::make<Array>(std::move(parts)).autoreleased();
}
Array* components_by_set(const String* self, const CharacterSet* set) {
  Objects parts;
  const std::string_view text = utf8(self);
  size_t start = 0;
  each_character(text, [&](char32_t character, size_t at, size_t end) {
    if (set->contains(character)) {
      parts.push_back(make_string(std::string(text.substr(start, at - start))));
      start = end;
    }
    return true;
  });
  parts.push_back(make_string(std::string(text.substr(start))));
  return objc::make<Array>(std::move(parts)).autoreleased();
}
String* trimmed(const String* self, const CharacterSet* set) {
  const std::string_view text = utf8(self);
  size_t first = text.size(), last = 0;
  each_character(text, [&](char32_t character, size_t start, size_t end) {
    if (!set->contains(character)) {
      first = std::min(first, start);
      last = end;
    }
    return true;
  });
  return of(first < last ? text.substr(first, last - first) : std::string_view());
}
String* replacing(const String* self, const String* old, const String* other) {
  const std::string_view text = utf8(self), part = utf8(old);
  if (part.empty()) return of(text);
  std::string result;
  size_t start = 0;
  for (size_t end; (end = text.find(part, start)) != text.npos; start = end + part.size())
    result.append(text.substr(start, end - start)).append(utf8(other));
  return of(result.append(text.substr(start)));
}
String* replacing_range(const String* self, NS::Range range, const String* other) {
  const auto [first, size] =
      bytes_of(self, range, "-[NSString stringByReplacingCharactersInRange:withString:]");
  return of(std::string(utf8(self)).replace(first, size, utf8(other)));
}
template <int (*Convert)(int)>
String* in_case(const String* self) {
  std::string text(utf8(self));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(Convert(c));
  return of(text);
}
int upper(int c) {
  return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}
int lower(int c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}
bool contains_in_any_case(const String* self, const String* text) {
  return contains(in_case<lower>(self), in_case<lower>(text));
}

long long whole(const String* self) {
  return std::strtoll(std::string(utf8(self)).c_str(), nullptr, 10);
}
int int_value(const String* self) {
  return static_cast<int>(std::clamp<long long>(whole(self), INT_MIN, INT_MAX));
}
double double_value(const String* self) {
  return std::strtod(std::string(utf8(self)).c_str(), nullptr);
}
float float_value(const String* self) {
  return std::strtof(std::string(utf8(self)).c_str(), nullptr);
}
/// After spaces, a sign and zeros: Y, y, T, t or a digit from 1 to 9.
bool bool_value(const String* self) {
  std::string_view text = utf8(self);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  return !text.empty() && std::strchr("YyTt123456789", text[0]);
}

ANVIL_OBJC_CATEGORY<String> search{{
    objc::function<&part>("substringWithRange:"),
    objc::function<&from>("substringFromIndex:"),
    objc::function<&up_to>("substringToIndex:"),
    objc::function<&characters>("getCharacters:range:"),
    objc::function<&has_prefix>("hasPrefix:"),
    objc::function<&has_suffix>("hasSuffix:"),
    objc::function<&contains>("containsString:"),
    objc::function<&contains_in_any_case>("localizedCaseInsensitiveContainsString:"),
    objc::function<&range_of>("rangeOfString:"),
    objc::function<&range_of_set>("rangeOfCharacterFromSet:"),
    objc::function<&components>("componentsSeparatedByString:"),
    objc::function<&components_by_set>("componentsSeparatedByCharactersInSet:"),
    objc::function<&trimmed>("stringByTrimmingCharactersInSet:"),
    objc::function<&replacing>("stringByReplacingOccurrencesOfString:withString:"),
    objc::function<&replacing_range>("stringByReplacingCharactersInRange:withString:"),
    objc::function<&in_case<upper>>("uppercaseString"),
    objc::function<&in_case<lower>>("lowercaseString"),
    objc::function<&int_value>("intValue"),
    objc::function<&whole>("integerValue"),
    objc::function<&whole>("longLongValue"),
    objc::function<&double_value>("doubleValue"),
    objc::function<&float_value>("floatValue"),
    objc::function<&bool_value>("boolValue"),
}};

String* with_capacity(objc_class* cls, NS::UInteger) {
  return make_of<String>(cls).autoreleased();
}
MutableString* init_with_capacity(MutableString* self, NS::UInteger capacity) {
  self->text.reserve(capacity);
  return self;
}
void append(MutableString* self, const String* other) {
  if (!other) throw InvalidUse("-[NSMutableString appendString:]: nil argument");
  self->text += std::string(utf8(other));
}
void set(MutableString* self, const String* other) {
  self->text = std::string(utf8(other));
}
void replace(MutableString* self, NS::Range range, const String* other) {
  const auto [first, size] =
      bytes_of(self, range, "-[NSMutableString replaceCharactersInRange:withString:]");
  self->text.replace(first, size, std::string(utf8(other)));
}
void insert(MutableString* self, const String* other, NS::UInteger index) {
  replace(self, NS::Range(index, 0), other);
}
void remove(MutableString* self, NS::Range range) {
  replace(self, range, nullptr);
}

ANVIL_OBJC_CLASS_DEFINITION<MutableString> mutable_string_definition{
    "NSMutableString",
    {
        objc::class_function<&with_capacity>("stringWithCapacity:"),
        objc::function<&init_with_capacity>("initWithCapacity:"),
        objc::function<&append>("appendString:"),
        objc::function<&set>("setString:"),
        objc::function<&insert>("insertString:atIndex:"),
        objc::function<&remove>("deleteCharactersInRange:"),
        objc::function<&replace>("replaceCharactersInRange:withString:"),
    }};

}  // namespace
}  // namespace anvil
