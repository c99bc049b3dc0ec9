#include "anvil/foundation/url.hpp"

#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

// Whatever the locale.
constexpr bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// RFC 3986: what may stand in a path without being escaped.
std::string escape(std::string_view path) {
  constexpr std::string_view plain = "-._~!$&'()*+,;=:@/";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (const unsigned char c : path) {
    if (is_plain(static_cast<char>(c)) || plain.find(static_cast<char>(c)) != plain.npos)
      text += static_cast<char>(c);
    else
      text.append({'%', digits[c >> 4], digits[c & 15]});
  }
  return text;
}

std::string unescape(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const int letter = c | 32;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
  };
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      path += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
      i += 2;
    } else {
      path += text[i];
    }
  }
  return path;
}

URL* init_with_path(URL* self, const String* path) {
  if (!path) throw InvalidUse("-[NSURL initFileURLWithPath:]: nil path");
  self->path = utf8(path);
  self->text = "file://" + escape(self->path);
  return self;
}
URL* with_folder(const String* path, bool) {
  return init_with_path(objc::make<URL>().autoreleased(), path);
}
URL* with_path(const String* path) {
  return init_with_path(objc::make<URL>().autoreleased(), path);
}
URL* init_with_string(URL* self, const String* text) {
  if (!text) throw InvalidUse("-[NSURL initWithString:]: nil string");
  self->text = utf8(text);
  std::string_view rest = self->text;
  if (rest.starts_with("file://")) {
    rest.remove_prefix(7);
    if (rest.starts_with("localhost/")) rest.remove_prefix(9);
    self->path = unescape(rest);
  }
  return self;
}
URL* with_string(const String* text) {
  return init_with_string(objc::make<URL>().autoreleased(), text);
}
/// A file's URL with what a method of NSString's makes of its path.
URL* by_path(const URL* self, const char* method, const String* argument) {
  const auto path = make_string(self->path);
  return make_file_url(
             std::string(utf8(objc::send<String*>(path.get(), sel_registerName(method), argument))))
      .autoreleased();
}
URL* without_last(const URL* self) {
  return by_path(self, "stringByDeletingLastPathComponent", nullptr);
}
URL* appending(const URL* self, const String* component) {
  return by_path(self, "stringByAppendingPathComponent:", component);
}
String* last(const URL* self) {
  static const SEL selector = sel_registerName("lastPathComponent");
  return objc::send<String*>(make_string(self->path).get(), selector);
}
String* extension(const URL* self) {
  static const SEL selector = sel_registerName("pathExtension");
  return objc::send<String*>(make_string(self->path).get(), selector);
}
const char* file_path(const URL* self) {
  return self->path.c_str();
}
bool is_file(const URL* self) {
  return self->text.starts_with("file:");
}
String* path(const URL* self) {
  return make_string(self->path).autoreleased();
}
String* text(const URL* self) {
  return make_string(self->text).autoreleased();
}
bool equals(const URL* self, const objc_object* object) {
  const auto* other = objc::as<URL>(object);
  return other && other->text == self->text;
}
size_t hash(const URL* self) {
  return std::hash<std::string>{}(self->text);
}
URL* copy(URL* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<URL> url_definition{
    "NSURL",
    {
        objc::class_method<&with_path>("fileURLWithPath:"),
        objc::class_method<&with_folder>("fileURLWithPath:isDirectory:"),
        objc::class_method<&with_string>("URLWithString:"),
        objc::function<&without_last>("URLByDeletingLastPathComponent"),
        objc::function<&appending>("URLByAppendingPathComponent:"),
        objc::function<&last>("lastPathComponent"),
        objc::function<&extension>("pathExtension"),
        objc::function<&init_with_path>("initFileURLWithPath:"),
        objc::function<&init_with_string>("initWithString:"),
        objc::function<&file_path>("fileSystemRepresentation"),
        objc::function<&is_file>("isFileURL"),
        objc::function<&path>("path"),
        objc::function<&text>("absoluteString"),
        objc::function<&text>("description"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&copy>("copy"),
    }};

}  // namespace
objc::Ref<URL> make_file_url(std::string path) {
  objc::Ref<URL> url = objc::make<URL>();
  url->text = "file://" + escape(path);
  url->path = std::move(path);
  return url;
}

}  // namespace anvil
