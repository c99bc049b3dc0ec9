#include "anvil/foundation/string.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "anvil/foundation/made.hpp"
#include "anvil/foundation/unicode.hpp"
#include "anvil/objc/errors.hpp"

constinit objc_class __CFConstantStringClassReference{};

namespace anvil {
namespace {

/// What clang emits for __builtin___CFStringMakeConstantString.
struct ConstantString : objc_object {
  using Super = String;
  static constexpr int kUtf16 = 0x10;  // else the bytes are ASCII

  int flags;
  const void* units;
  long length;
};

}  // namespace

template <>
constexpr objc_class* objc::class_of<ConstantString>() {
  return &__CFConstantStringClassReference;
}

namespace {

std::string_view constant_utf8(const ConstantString* string) {
  const auto length = static_cast<size_t>(string->length);
  if (!(string->flags & ConstantString::kUtf16))
    return {static_cast<const char*>(string->units), length};
  // Converted once and kept for good, as the constant itself is.
  static std::mutex& mutex = *new std::mutex;
  static auto& converted = *new std::unordered_map<const ConstantString*, std::string>;
  std::lock_guard lock(mutex);
  std::string& text = converted[string];
  if (text.empty() && length)
    text = unicode::from_utf16({static_cast<const char16_t*>(string->units), length});
  return text;
}

String* init_with(String* self, std::string_view bytes, NS::StringEncoding encoding) {
  auto text = to_utf8(bytes, encoding);
  if (!text) {
    objc::release(self);
    return nullptr;
  }
  self->text = std::move(*text);
  return self;
}

String* init_with_c_string(String* self, const char* bytes, NS::StringEncoding encoding) {
  if (!bytes) throw InvalidUse("-[NSString initWithCString:encoding:]: null C string");
  return init_with(self, bytes, encoding);
}
String* init_with_string(String* self, const String* other) {
  self->text = utf8(other);
  return self;
}
String* init_with_bytes(String* self, void* bytes, NS::UInteger length, NS::StringEncoding encoding,
                        bool free_when_done) {
  String* string = init_with(self, {static_cast<const char*>(bytes), length}, encoding);
  if (free_when_done) std::free(bytes);
  return string;
}
String* init_with_bytes_copied(String* self, const void* bytes, NS::UInteger length,
                               NS::StringEncoding encoding) {
  return init_with(self, {static_cast<const char*>(bytes), length}, encoding);
}
String* init_with_utf8(String* self, const char* bytes) {
  return init_with_c_string(self, bytes, NS::UTF8StringEncoding);
}
String* init_with_units(String* self, const char16_t* units, NS::UInteger length) {
  self->text = unicode::from_utf16({units, length});
  return self;
}
/// A nil, where the bytes are no text.
String* autoreleased(String* string) {
  objc::autorelease(string);
  return string;
}
String* empty(objc_class* cls) {
  return make_of<String>(cls).autoreleased();
}
String* copy_of(objc_class* cls, const String* other) {
  return init_with_string(empty(cls), other);
}
String* from_c_string(objc_class* cls, const char* bytes, NS::StringEncoding encoding) {
  return autoreleased(init_with_c_string(make_of<String>(cls).detach(), bytes, encoding));
}
String* from_utf8(objc_class* cls, const char* bytes) {
  return from_c_string(cls, bytes, NS::UTF8StringEncoding);
}
String* from_units(objc_class* cls, const char16_t* units, NS::UInteger length) {
  return init_with_units(empty(cls), units, length);
}
NS::UInteger length(const String* self) {
  return unicode::utf16_length(utf8(self));
}

NS::unichar character(const String* self, NS::UInteger index) {
  const std::u16string units = unicode::to_utf16(utf8(self));
  if (index >= units.size())
    throw OutOfRange("-[NSString characterAtIndex:]: index " + std::to_string(index) +
                     " is beyond length " + std::to_string(units.size()));
  return units[index];
}

const char* utf8_string(const String* self) {
  return utf8(self).data();
}

const char* c_string(const String* self, NS::StringEncoding encoding) {
  const std::string_view text = utf8(self);
  switch (encoding) {
    case NS::UTF8StringEncoding:
      return text.data();
    case NS::ASCIIStringEncoding:
    case NS::ISOLatin1StringEncoding:
      return unicode::ascii(text) ? text.data() : nullptr;
    default:
      return nullptr;
  }
}

bool get_c_string(const String* self, char* buffer, NS::UInteger size,
                  NS::StringEncoding encoding) {
  const char* bytes = c_string(self, encoding);
  const size_t needed = bytes ? utf8(self).size() + 1 : 0;
  if (needed == 0 || needed > size) return false;
  std::copy_n(bytes, needed, buffer);
  return true;
}

/// 0, as documented, where the text cannot be had in that encoding.
NS::UInteger bytes_in(const String* self, NS::StringEncoding encoding) {
  const std::string_view text = utf8(self);
  switch (encoding) {
    case NS::UTF8StringEncoding:
      return text.size();
    case NS::UTF16StringEncoding:
    case NS::UTF16BigEndianStringEncoding:
    case NS::UTF16LittleEndianStringEncoding:
      return 2 * unicode::utf16_length(text);
    default:
      return c_string(self, encoding) ? text.size() : 0;
  }
}

NS::UInteger most_bytes_in(const String* self, NS::StringEncoding encoding) {
  switch (encoding) {
    case NS::ASCIIStringEncoding:
    case NS::ISOLatin1StringEncoding:
      return length(self);
    case NS::UTF8StringEncoding:
      return 3 * length(self);
    case NS::UTF16StringEncoding:
    case NS::UTF16BigEndianStringEncoding:
    case NS::UTF16LittleEndianStringEncoding:
      return 2 * length(self);
    default:
      return 4 * length(self);
  }
}

bool equals_string(const String* self, const String* other) {
  return other && utf8(self) == utf8(other);
}
bool equals(const String* self, const objc_object* other) {
  return equals_string(self, objc::as<String>(other));
}
size_t hash(const String* self) {
  return std::hash<std::string_view>{}(utf8(self));
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  return lower;
}

NS::Range range_of(const String* self, const String* part, NS::StringCompareOptions options) {
  constexpr NS::StringCompareOptions known =
      NS::CaseInsensitiveSearch | NS::LiteralSearch | NS::BackwardsSearch | NS::AnchoredSearch;
  if (options & ~known)
    throw InvalidUse(
        "-[NSString rangeOfString:options:]: options " + std::to_string(options) +
        ": only case-insensitive (ASCII), literal, backwards and anchored search exist");
  const bool fold = options & NS::CaseInsensitiveSearch;
  const bool backwards = options & NS::BackwardsSearch;
  const std::string text = fold ? lower_ascii(utf8(self)) : std::string(utf8(self));
  const std::string key = fold ? lower_ascii(utf8(part)) : std::string(utf8(part));
  size_t at = key.empty() ? std::string::npos : backwards ? text.rfind(key) : text.find(key);
  if (at != std::string::npos && (options & NS::AnchoredSearch)) {
    const size_t anchor = backwards ? text.size() - key.size() : 0;
    at = text.compare(anchor, key.size(), key) == 0 ? anchor : std::string::npos;
  }
  if (at == std::string::npos) return NS::Range(static_cast<NS::UInteger>(NS::NotFound), 0);
  return NS::Range(unicode::utf16_length(std::string_view(text).substr(0, at)),
                   unicode::utf16_length(key));
}

String* appending(const String* self, const String* other) {
  if (!other) throw InvalidUse("-[NSString stringByAppendingString:]: nil argument");
  return make_string(std::string(utf8(self)).append(utf8(other))).autoreleased();
}

NS::ComparisonResult compare(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return order < 0 ? NS::OrderedAscending : order > 0 ? NS::OrderedDescending : NS::OrderedSame;
}
NS::ComparisonResult compare_to(const String* self, const String* other) {
  return compare(utf8(self), utf8(other));
}
NS::ComparisonResult compare_without_case(const String* self, const String* other) {
  return compare(lower_ascii(utf8(self)), lower_ascii(utf8(other)));
}

String* itself(String* self) {
  return self;
}
String* copy(String* self) {
  return kept_copy(self).detach();
}
MutableString* mutable_copy(const String* self) {
  return objc::make<MutableString>(std::string(utf8(self))).detach();
}

ANVIL_OBJC_CLASS_DEFINITION<String> string_definition{
    "NSString",
    {
        objc::class_function<&empty>("string"),
        objc::class_function<&copy_of>("stringWithString:"),
        objc::class_function<&from_c_string>("stringWithCString:encoding:"),
        objc::class_function<&from_utf8>("stringWithUTF8String:"),
        objc::class_function<&from_units>("stringWithCharacters:length:"),
        objc::function<&init_with_utf8>("initWithUTF8String:"),
        objc::function<&init_with_units>("initWithCharacters:length:"),
        objc::function<&init_with_bytes_copied>("initWithBytes:length:encoding:"),
        objc::function<&get_c_string>("getCString:maxLength:encoding:"),
        objc::function<&init_with_string>("initWithString:"),
        objc::function<&init_with_c_string>("initWithCString:encoding:"),
        objc::function<&init_with_bytes>("initWithBytesNoCopy:length:encoding:freeWhenDone:"),
        objc::function<&character>("characterAtIndex:"),
        objc::function<&length>("length"),
        objc::function<&c_string>("cStringUsingEncoding:"),
        objc::function<&utf8_string>("UTF8String"),
        objc::function<&most_bytes_in>("maximumLengthOfBytesUsingEncoding:"),
        objc::function<&bytes_in>("lengthOfBytesUsingEncoding:"),
        objc::function<&equals_string>("isEqualToString:"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&range_of>("rangeOfString:options:"),
        objc::function<&utf8_string>("fileSystemRepresentation"),
        objc::function<&appending>("stringByAppendingString:"),
        objc::function<&compare_to>("compare:"),
        objc::function<&compare_without_case>("caseInsensitiveCompare:"),
        objc::function<&itself>("description"),
        objc::function<&copy>("copy"),
        objc::function<&mutable_copy>("mutableCopy"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ConstantString> constant_string_definition{"NSConstantString", {}};

}  // namespace

std::string_view utf8(const String* string) {
  if (!string) return "";
  if (string->isa == &__CFConstantStringClassReference)
    return constant_utf8(reinterpret_cast<const ConstantString*>(string));
  return string->text;
}

/// Nothing if the bytes are no text in that encoding, or the encoding is not one of these.
std::optional<std::string> to_utf8(std::string_view bytes, NS::StringEncoding encoding) {
  switch (encoding) {
    case NS::UTF8StringEncoding:
      if (unicode::valid(bytes)) return std::string(bytes);
      return std::nullopt;
    case NS::ASCIIStringEncoding:  // Foundation, too, takes a byte that is not for Latin 1
    case NS::ISOLatin1StringEncoding: {
      std::string text;
      for (const unsigned char c : bytes) unicode::append(text, c);
      return text;
    }
    default:
      return std::nullopt;
  }
}

objc::Ref<String> kept_copy(String* string) {
  if (objc::as<MutableString>(string)) return make_string(std::string(utf8(string)));
  return objc::Ref<String>(string);
}

}  // namespace anvil
