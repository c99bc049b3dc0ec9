#include "anvil/foundation/data.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <Foundation/NSRange.hpp>

#include "anvil/foundation/made.hpp"
#include "anvil/foundation/url.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {

objc::Ref<Data> make_data(std::span<const std::byte> bytes) {
  objc::Ref<Data> data = objc::make<Data>();
  data->bytes.assign(bytes.begin(), bytes.end());
  return data;
}

void give_system_error(Error** error, const std::string& path) {
  const int code = errno;
  give_error(error, make_error("NSPOSIXErrorDomain", code, path + ": " + std::strerror(code)));
}

std::optional<std::string> read_file(const std::string& path, Error** error) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file.is_open() || file.bad() || errno == EISDIR) {
    if (errno == 0) errno = EIO;
    give_system_error(error, path);
    return std::nullopt;
  }
  return std::move(text).str();
}

bool write_file(const std::string& path, std::string_view bytes, bool whole, Error** error) {
  const std::string place = whole ? path + ".partial-" + std::to_string(getpid()) : path;
  std::ofstream file(place, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file || (whole && std::rename(place.c_str(), path.c_str()) != 0)) {
    give_system_error(error, path);
    if (whole) std::remove(place.c_str());
    return false;
  }
  return true;
}

namespace {

std::span<const std::byte> as_bytes(const void* bytes, size_t length) {
  return {static_cast<const std::byte*>(bytes), length};
}
std::string_view as_text(const Data* data) {
  return {reinterpret_cast<const char*>(data->bytes.data()), data->bytes.size()};
}

Data* init_with_bytes(Data* self, const void* bytes, NS::UInteger length) {
  const auto from = as_bytes(bytes, length);
  self->bytes.assign(from.begin(), from.end());
  return self;
}
/// Copied all the same: what the caller gives away is freed, if that is the way to do so.
Data* init_no_copy(Data* self, void* bytes, NS::UInteger length, bool free_when_done) {
  init_with_bytes(self, bytes, length);
  if (free_when_done) std::free(bytes);
  return self;
}
Data* init_with_data(Data* self, const Data* other) {
  if (other) self->bytes = other->bytes;
  return self;
}
Data* init_reading(Data* self, const std::string& path, Error** error) {
  const auto text = read_file(path, error);
  if (text) return init_with_bytes(self, text->data(), text->size());
  objc::release(self);
  return nullptr;
}
std::string path_of(const String* path) {
  return std::string(utf8(path));
}
std::string path_of(const URL* url) {
  return url ? url->path : "";
}
template <class Place>
Data* init_with(Data* self, const Place* place) {
  return init_reading(self, path_of(place), nullptr);
}
/// How it is read is its own affair.
template <class Place>
Data* init_with_options(Data* self, const Place* place, NS::UInteger, Error** error) {
  return init_reading(self, path_of(place), error);
}
Data* fresh(objc_class* cls) {
  return make_of<Data>(cls).autoreleased();
}
Data* with_bytes(objc_class* cls, const void* bytes, NS::UInteger length) {
  return init_with_bytes(fresh(cls), bytes, length);
}
Data* no_copy_or_free(objc_class* cls, void* bytes, NS::UInteger length, bool free_when_done) {
  return init_no_copy(fresh(cls), bytes, length, free_when_done);
}
Data* no_copy(objc_class* cls, void* bytes, NS::UInteger length) {
  return no_copy_or_free(cls, bytes, length, true);
}
Data* with_data(objc_class* cls, const Data* other) {
  return init_with_data(fresh(cls), other);
}
template <class Place>
Data* with_options(objc_class* cls, const Place* place, NS::UInteger, Error** error) {
  Data* self = init_reading(make_of<Data>(cls).detach(), path_of(place), error);
  objc::autorelease(self);
  return self;
}
template <class Place>
Data* with(objc_class* cls, const Place* place) {
  return with_options(cls, place, 0, nullptr);
}
NS::UInteger length(const Data* self) {
  return self->bytes.size();
}
const void* bytes(const Data* self) {
  return self->bytes.empty() ? nullptr : self->bytes.data();
}
std::span<const std::byte> part_of(const Data* self, NS::Range range, const char* method) {
  if (range.location > self->bytes.size() || range.length > self->bytes.size() - range.location)
    throw OutOfRange(std::string(method) + ": range {" + std::to_string(range.location) + ", " +
                     std::to_string(range.length) + "} is beyond length " +
                     std::to_string(self->bytes.size()));
  return std::span(self->bytes).subspan(range.location, range.length);
}
void get_bytes(const Data* self, void* buffer, NS::UInteger length) {
  std::memcpy(buffer, self->bytes.data(), std::min(length, self->bytes.size()));
}
void get_range(const Data* self, void* buffer, NS::Range range) {
  const auto part = part_of(self, range, "-[NSData getBytes:range:]");
  std::memcpy(buffer, part.data(), part.size());
}
Data* part(const Data* self, NS::Range range) {
  return make_data(part_of(self, range, "-[NSData subdataWithRange:]")).autoreleased();
}
bool equals(const Data* self, const objc_object* object) {
  const auto* other = objc::as<Data>(object);
  return other && other->bytes == self->bytes;
}
size_t hash(const Data* self) {
  return std::hash<std::string_view>{}(as_text(self));
}
template <class Place>
bool write_with_options(const Data* self, const Place* place, NS::UInteger options, Error** error) {
  constexpr NS::UInteger kAtomic = 1;
  return write_file(path_of(place), as_text(self), (options & kAtomic) != 0, error);
}
template <class Place>
bool write(const Data* self, const Place* place, bool whole) {
  return write_file(path_of(place), as_text(self), whole, nullptr);
}
Data* copy(Data* self) {
  if (objc::as<MutableData>(self)) return make_data(self->bytes).detach();
  objc::retain(self);
  return self;
}
Data* mutable_copy(const Data* self) {
  return init_with_data(objc::make<MutableData>().detach(), self);
}
String* description(const Data* self) {
  return make_string("{length = " + std::to_string(self->bytes.size()) + "}").autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<Data> data_definition{
    "NSData",
    {
        objc::class_function<&fresh>("data"),
        objc::class_function<&with_bytes>("dataWithBytes:length:"),
        objc::class_function<&no_copy>("dataWithBytesNoCopy:length:"),
        objc::class_function<&no_copy_or_free>("dataWithBytesNoCopy:length:freeWhenDone:"),
        objc::class_function<&with_data>("dataWithData:"),
        objc::class_function<&with<String>>("dataWithContentsOfFile:"),
        objc::class_function<&with<URL>>("dataWithContentsOfURL:"),
        objc::class_function<&with_options<String>>("dataWithContentsOfFile:options:error:"),
        objc::class_function<&with_options<URL>>("dataWithContentsOfURL:options:error:"),
        objc::function<&init_with_bytes>("initWithBytes:length:"),
        objc::function<&init_no_copy>("initWithBytesNoCopy:length:freeWhenDone:"),
        objc::function<&init_with_data>("initWithData:"),
        objc::function<&init_with<String>>("initWithContentsOfFile:"),
        objc::function<&init_with<URL>>("initWithContentsOfURL:"),
        objc::function<&init_with_options<String>>("initWithContentsOfFile:options:error:"),
        objc::function<&init_with_options<URL>>("initWithContentsOfURL:options:error:"),
        objc::function<&length>("length"),
        objc::function<&bytes>("bytes"),
        objc::function<&get_bytes>("getBytes:length:"),
        objc::function<&get_range>("getBytes:range:"),
        objc::function<&part>("subdataWithRange:"),
        objc::function<&equals>("isEqual:"),
        objc::function<&equals>("isEqualToData:"),
        objc::function<&hash>("hash"),
        objc::function<&write<String>>("writeToFile:atomically:"),
        objc::function<&write<URL>>("writeToURL:atomically:"),
        objc::function<&write_with_options<String>>("writeToFile:options:error:"),
        objc::function<&write_with_options<URL>>("writeToURL:options:error:"),
        objc::function<&copy>("copy"),
        objc::function<&mutable_copy>("mutableCopy"),
        objc::function<&description>("description"),
    }};

MutableData* init_with_length(MutableData* self, NS::UInteger length) {
  self->bytes.assign(length, std::byte{});
  return self;
}
MutableData* init_with_capacity(MutableData* self, NS::UInteger capacity) {
  self->bytes.reserve(capacity);
  return self;
}
Data* with_capacity(objc_class* cls, NS::UInteger) {
  return fresh(cls);
}
Data* with_length(objc_class* cls, NS::UInteger length) {
  Data* self = fresh(cls);
  self->bytes.resize(length);
  return self;
}
void set_length(MutableData* self, NS::UInteger length) {
  self->bytes.resize(length);
}
void grow(MutableData* self, NS::UInteger length) {
  self->bytes.resize(self->bytes.size() + length);
}
void append_bytes(MutableData* self, const void* bytes, NS::UInteger length) {
  const auto more = as_bytes(bytes, length);
  self->bytes.insert(self->bytes.end(), more.begin(), more.end());
}
void append(MutableData* self, const Data* other) {
  if (!other) return;
  const std::vector<std::byte> more = other->bytes;
  self->bytes.insert(self->bytes.end(), more.begin(), more.end());
}
void* mutable_bytes(MutableData* self) {
  return self->bytes.data();
}

ANVIL_OBJC_CLASS_DEFINITION<MutableData> mutable_data_definition{
    "NSMutableData",
    {
        objc::class_function<&with_capacity>("dataWithCapacity:"),
        objc::class_function<&with_length>("dataWithLength:"),
        objc::function<&init_with_length>("initWithLength:"),
        objc::function<&init_with_capacity>("initWithCapacity:"),
        objc::function<&set_length>("setLength:"),
        objc::function<&grow>("increaseLengthBy:"),
        objc::function<&append_bytes>("appendBytes:length:"),
        objc::function<&append>("appendData:"),
        objc::function<&mutable_bytes>("mutableBytes"),
    }};

}  // namespace
}  // namespace anvil
