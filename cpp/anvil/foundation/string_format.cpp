// Formats: printf's conversions, and %@.
#include <cstdio>

#include "anvil/foundation/made.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/foundation/unicode.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

/// One conversion, with its flags and sizes.
struct Conversion {
  std::string flags;   ///< with width and precision, as in the format
  std::string length;  ///< hh, h, l, ll, q, z, t, j, L
  char kind;
};

template <class T>
void print(std::string& text, const std::string& specification, T value) {
  const int size = std::snprintf(nullptr, 0, specification.c_str(), value);
  if (size <= 0) return;
  const size_t before = text.size();
  text.resize(before + static_cast<size_t>(size) + 1);
  std::snprintf(text.data() + before, static_cast<size_t>(size) + 1, specification.c_str(), value);
  text.pop_back();
}

/// The text that printf makes of an integer argument, which has come as `T`.
template <class T>
void print_integer(std::string& text, const Conversion& of, T value) {
  print(text, "%" + of.flags + of.length + of.kind, value);
}

class Formatter {
 public:
  explicit Formatter(va_list arguments) { va_copy(arguments_, arguments); }
  ~Formatter() { va_end(arguments_); }
  Formatter(const Formatter&) = delete;

  std::string run(std::string_view format) {
    for (size_t i = 0; i < format.size();) {
      if (format[i] != '%') {
        text_ += format[i++];
        continue;
      }
      const size_t start = i++;
      Conversion of = parse(format, i);
      if (i >= format.size()) break;
      of.kind = format[i++];
      convert(of, format.substr(start, i - start));
    }
    return std::move(text_);
  }

 private:
  Conversion parse(std::string_view format, size_t& i) {
    Conversion of{};
    constexpr std::string_view flags = "-+ #0'123456789.*";
    for (; i < format.size() && flags.find(format[i]) != flags.npos; ++i) {
      if (format[i] == '*')
        of.flags += std::to_string(va_arg(arguments_, int));
      else
        of.flags += format[i];
    }
    constexpr std::string_view lengths = "hlqztjL";
    for (; i < format.size() && lengths.find(format[i]) != lengths.npos; ++i)
      of.length += format[i] == 'q' ? "ll" : std::string(1, format[i]);
    return of;
  }

  void convert(const Conversion& of, std::string_view written) {
    switch (of.kind) {
      case '%':
        text_ += '%';
        return;
      case '@':
        print(text_, "%" + of.flags + "s",
              description_of(va_arg(arguments_, objc_object*)).c_str());
        return;
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return integer(of);
      case 'D':
        return integer({of.flags, "l", 'd'});
      case 'U':
        return integer({of.flags, "l", 'u'});
      case 'c':
        print(text_, "%" + of.flags + "c", va_arg(arguments_, int));
        return;
      case 'C':
        unicode::append(text_, static_cast<char16_t>(va_arg(arguments_, int)));
        return;
      case 's': {
        const char* string = va_arg(arguments_, const char*);
        print(text_, "%" + of.flags + "s", string ? string : "(null)");
        return;
      }
      case 'p':
        if (void* const address = va_arg(arguments_, void*))
          print(text_, "%" + of.flags + "p", address);
        else
          print(text_, "%" + of.flags + "s", "0x0");
        return;
      case 'f':
      case 'F':
      case 'e':
      case 'E':
      case 'g':
      case 'G':
      case 'a':
      case 'A':
        if (of.length == "L")
          print(text_, "%" + of.flags + "L" + of.kind, va_arg(arguments_, long double));
        else
          print(text_, "%" + of.flags + of.kind, va_arg(arguments_, double));
        return;
      default:
        throw InvalidUse("format: unsupported conversion " + std::string(written) +
                         "; supported: %@ and printf's, without positions (%1$@)");
    }
  }

  void integer(const Conversion& of) {
    const bool is_signed = of.kind == 'd' || of.kind == 'i';
    if (of.length.empty() || of.length[0] == 'h') {
      is_signed ? print_integer(text_, of, va_arg(arguments_, int))
                : print_integer(text_, of, va_arg(arguments_, unsigned));
    } else {
      is_signed ? print_integer(text_, of, va_arg(arguments_, long))
                : print_integer(text_, of, va_arg(arguments_, unsigned long));
    }
  }

  va_list arguments_;
  std::string text_;
};

String* init_with_arguments(String* self, const String* format, va_list arguments) {
  self->text = formatted(utf8(format), arguments);
  return self;
}
String* init_with_format(String* self, SEL, const String* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  init_with_arguments(self, format, arguments);
  va_end(arguments);
  return self;
}
String* with_format(objc_class* cls, SEL, const String* format, ...) {
  String* self = make_of<String>(cls).autoreleased();
  va_list arguments;
  va_start(arguments, format);
  init_with_arguments(self, format, arguments);
  va_end(arguments);
  return self;
}
String* appending_format(const String* self, SEL, const String* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string text = std::string(utf8(self)) + formatted(utf8(format), arguments);
  va_end(arguments);
  return make_string(std::move(text)).autoreleased();
}
void append_format(MutableString* self, SEL, const String* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  self->text += formatted(utf8(format), arguments);
  va_end(arguments);
}

ANVIL_OBJC_CATEGORY<String> formats{{
    objc::variadic("stringWithFormat:", &with_format, true),
    objc::variadic("initWithFormat:", &init_with_format, false),
    objc::variadic(
        "initWithFormat:arguments:",
        +[](String* self, SEL, const String* format, va_list arguments) {
          return init_with_arguments(self, format, arguments);
        },
        false),
    objc::variadic("stringByAppendingFormat:", &appending_format, false),
}};
ANVIL_OBJC_CATEGORY<MutableString> mutable_formats{{
    objc::variadic("appendFormat:", &append_format, false),
}};

void log(const String* format, va_list arguments) {
  const std::string text = formatted(utf8(format), arguments);
  std::fprintf(stderr, "%s\n", text.c_str());
}

}  // namespace

std::string formatted(std::string_view format, va_list arguments) {
  return Formatter(arguments).run(format);
}

}  // namespace anvil

extern "C" {
/// To standard error.
ANVIL_EXPORT void anvil_NSLogv(const anvil::String* format, va_list arguments) {
  anvil::log(format, arguments);
}
ANVIL_EXPORT void anvil_NSLog(const anvil::String* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  anvil::log(format, arguments);
  va_end(arguments);
}
}
