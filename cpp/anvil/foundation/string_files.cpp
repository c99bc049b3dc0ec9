// NSString: paths, and the text of files and data.
#include <unistd.h>
#include <cstdlib>
#include <filesystem>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/data.hpp"
#include "anvil/foundation/made.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/foundation/unicode.hpp"
#include "anvil/foundation/url.hpp"

namespace anvil {
namespace {

namespace fs = std::filesystem;

String* of(std::string text) {
  return make_string(std::move(text)).autoreleased();
}

/// Without the slashes at its end; "/" is itself.
std::string_view trimmed(const String* self) {
  std::string_view path = utf8(self);
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}
std::string_view last_of(std::string_view path) {
  return path.size() == 1 ? path : path.substr(path.rfind('/') + 1);
}
/// Where the extension's dot is; npos without an extension.
size_t dot_of(std::string_view path) {
  const std::string_view name = last_of(path);
  const size_t dot = name.rfind('.');
  return dot == name.npos || dot == 0 ? path.npos : path.size() - name.size() + dot;
}

bool is_absolute(const String* self) {
  return utf8(self).starts_with('/') || utf8(self).starts_with('~');
}
String* last_component(const String* self) {
  return of(std::string(last_of(trimmed(self))));
}
String* extension(const String* self) {
  const std::string_view path = trimmed(self);
  const size_t dot = dot_of(path);
  return of(std::string(dot == path.npos ? "" : path.substr(dot + 1)));
}
String* without_extension(const String* self) {
  const std::string_view path = trimmed(self);
  return of(std::string(path.substr(0, dot_of(path))));
}
String* without_last(const String* self) {
  const std::string_view path = trimmed(self);
  const size_t slash = path.rfind('/');
  return of(slash == path.npos ? "" : slash == 0 ? "/" : std::string(path.substr(0, slash)));
}
std::string joined(std::string_view path, std::string_view component) {
  if (path.empty()) return std::string(component);
  while (component.starts_with('/')) component.remove_prefix(1);
  std::string text(path);
  if (component.empty()) return text;
  return (text.ends_with('/') ? text : text + "/") + std::string(component);
}
String* appending(const String* self, const String* component) {
  return of(joined(trimmed(self), trimmed(component)));
}
String* appending_extension(const String* self, const String* extension) {
  return of(std::string(trimmed(self)) + "." + std::string(utf8(extension)));
}
String* with_components(const Array* components) {
  std::string path;
  for (const auto& component : components->items) {
    const auto* text = objc::as<String>(component.get());
    path = path.empty() ? std::string(utf8(text)) : joined(path, utf8(text));
  }
  return of(path);
}
Array* components(const String* self) {
  Objects parts;
  for (const fs::path& part : fs::path(trimmed(self))) parts.push_back(make_string(part.string()));
  return objc::make<Array>(std::move(parts)).autoreleased();
}
std::string expanded(std::string_view path) {
  const char* home = std::getenv("HOME");
  if (!home || !path.starts_with('~') || (path.size() > 1 && path[1] != '/'))
    return std::string(path);
  return home + std::string(path.substr(1));
}
String* expanding_tilde(const String* self) {
  return of(expanded(utf8(self)));
}
String* standardized(const String* self) {
  const std::string path = fs::path(expanded(utf8(self))).lexically_normal().string();
  return of(path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path);
}
String* resolved(const String* self) {
  std::error_code failed;
  const fs::path path = fs::weakly_canonical(expanded(utf8(self)), failed);
  return failed ? standardized(self) : of(path.string());
}

String* init_with_file(String* self, const String* path, NS::StringEncoding encoding,
                       Error** error) {
  const std::string name(utf8(path));
  const auto bytes = read_file(name, error);
  auto text = bytes ? to_utf8(*bytes, encoding) : std::nullopt;
  if (!text) {
    if (bytes)
      give_error(error,
                 make_error("NSCocoaErrorDomain", 261,  // NSFileReadInapplicableStringEncoding
                            name + ": no text in encoding " + std::to_string(encoding)));
    objc::release(self);
    return nullptr;
  }
  self->text = std::move(*text);
  return self;
}
String* with_file(objc_class* cls, const String* path, NS::StringEncoding encoding, Error** error) {
  String* self = init_with_file(make_of<String>(cls).detach(), path, encoding, error);
  objc::autorelease(self);
  return self;
}
String* with_url(objc_class* cls, const URL* url, NS::StringEncoding encoding, Error** error) {
  return with_file(cls, make_string(url ? url->path : "").get(), encoding, error);
}
String* init_with_data(String* self, const Data* data, NS::StringEncoding encoding) {
  auto text = data
                  ? to_utf8({reinterpret_cast<const char*>(data->bytes.data()), data->bytes.size()},
                            encoding)
                  : std::nullopt;
  if (!text) {
    objc::release(self);
    return nullptr;
  }
  self->text = std::move(*text);
  return self;
}
/// Nil where the text cannot be had in that encoding.
Data* data_in(const String* self, NS::StringEncoding encoding) {
  const std::string_view text = utf8(self);
  const bool same = encoding == NS::UTF8StringEncoding || unicode::ascii(text);
  if (!same) return nullptr;
  return make_data(std::as_bytes(std::span(text))).autoreleased();
}
bool write(const String* self, const String* path, bool whole, NS::StringEncoding, Error** error) {
  return write_file(std::string(utf8(path)), utf8(self), whole, error);
}

ANVIL_OBJC_CATEGORY<String> files{{
    objc::function<&is_absolute>("isAbsolutePath"),
    objc::function<&last_component>("lastPathComponent"),
    objc::function<&extension>("pathExtension"),
    objc::function<&without_extension>("stringByDeletingPathExtension"),
    objc::function<&without_last>("stringByDeletingLastPathComponent"),
    objc::function<&appending>("stringByAppendingPathComponent:"),
    objc::function<&appending_extension>("stringByAppendingPathExtension:"),
    objc::class_method<&with_components>("pathWithComponents:"),
    objc::function<&components>("pathComponents"),
    objc::function<&expanding_tilde>("stringByExpandingTildeInPath"),
    objc::function<&standardized>("stringByStandardizingPath"),
    objc::function<&resolved>("stringByResolvingSymlinksInPath"),
    objc::class_function<&with_file>("stringWithContentsOfFile:encoding:error:"),
    objc::class_function<&with_url>("stringWithContentsOfURL:encoding:error:"),
    objc::function<&init_with_file>("initWithContentsOfFile:encoding:error:"),
    objc::function<&init_with_data>("initWithData:encoding:"),
    objc::function<&data_in>("dataUsingEncoding:"),
    objc::function<&write>("writeToFile:atomically:encoding:error:"),
}};

}  // namespace
}  // namespace anvil

extern "C" {
ANVIL_EXPORT anvil::String* anvil_NSTemporaryDirectory() {
  const char* folder = std::getenv("TMPDIR");
  return anvil::of(folder && *folder ? folder : "/tmp");
}
ANVIL_EXPORT anvil::String* anvil_NSHomeDirectory() {
  const char* home = std::getenv("HOME");
  return anvil::of(home ? home : "/");
}
}
