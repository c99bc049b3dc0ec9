// NSFileManager and NSBundle.
#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/data.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/number.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/foundation/url.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/compiled.hpp"
#include "anvil/objc/registry.hpp"

extern "C" {
extern NS::String* const NSFileType;
extern NS::String* const NSFileSize;
extern NS::String* const NSFileTypeDirectory;
extern NS::String* const NSFileTypeRegular;
extern NS::String* const NSFileTypeSymbolicLink;
extern NS::String* const NSFileTypeUnknown;
}

namespace anvil {
namespace {

namespace fs = std::filesystem;

struct FileManager : objc::Object {
  using Super = RootObject;
};

fs::path path_of(const String* path) {
  return fs::path(utf8(path));
}
/// True if there was no failure; else an error.
bool settled(const std::error_code& failure, const String* path, Error** error) {
  if (!failure) return true;
  errno = failure.value();
  give_system_error(error, std::string(utf8(path)));
  return false;
}

FileManager* shared() {
  static FileManager* const manager =
      objc::lasting([] { return objc::make<FileManager>().detach(); });
  return manager;
}
bool exists(const FileManager*, const String* path) {
  std::error_code failure;
  return path && fs::exists(path_of(path), failure);
}
bool exists_as(const FileManager* self, const String* path, bool* directory) {
  std::error_code failure;
  if (directory) *directory = path && fs::is_directory(path_of(path), failure);
  return exists(self, path);
}
template <int Mode>
bool allows(const FileManager*, const String* path) {
  return path && access(path_of(path).c_str(), Mode) == 0;
}
Data* contents(const FileManager*, const String* path) {
  const auto text = read_file(std::string(utf8(path)), nullptr);
  return text ? make_data(std::as_bytes(std::span(*text))).autoreleased() : nullptr;
}
bool create_file(const FileManager*, const String* path, const Data* data, const Dictionary*) {
  const std::string_view bytes =
      data ? std::string_view(reinterpret_cast<const char*>(data->bytes.data()), data->bytes.size())
           : std::string_view();
  return write_file(std::string(utf8(path)), bytes, false, nullptr);
}
bool create_directory(const FileManager*, const String* path, bool intermediate, const Dictionary*,
                      Error** error) {
  std::error_code failure;
  if (intermediate) {
    fs::create_directories(path_of(path), failure);
  } else if (!fs::create_directory(path_of(path), failure) && !failure) {
    failure = std::make_error_code(std::errc::file_exists);
  }
  return settled(failure, path, error);
}
bool remove(const FileManager*, const String* path, Error** error) {
  std::error_code failure;
  if (fs::remove_all(path_of(path), failure) == 0 && !failure)
    failure = std::make_error_code(std::errc::no_such_file_or_directory);
  return settled(failure, path, error);
}
Array* list(const FileManager*, const String* path, Error** error) {
  std::error_code failure;
  Objects names;
  for (fs::directory_iterator entry(path_of(path), failure), end; !failure && entry != end;
       entry.increment(failure))
    names.push_back(make_string(entry->path().filename().string()));
  if (!settled(failure, path, error)) return nullptr;
  return objc::make<Array>(std::move(names)).autoreleased();
}
Dictionary* attributes(const FileManager*, const String* path, Error** error) {
  std::error_code failure;
  const fs::file_status status = fs::symlink_status(path_of(path), failure);
  if (status.type() == fs::file_type::not_found)
    failure = std::make_error_code(std::errc::no_such_file_or_directory);
  if (!settled(failure, path, error)) return nullptr;
  NS::String* type = fs::is_symlink(status)        ? NSFileTypeSymbolicLink
                     : fs::is_directory(status)    ? NSFileTypeDirectory
                     : fs::is_regular_file(status) ? NSFileTypeRegular
                                                   : NSFileTypeUnknown;
  objc::Ref<Dictionary> dictionary = objc::make<Dictionary>();
  dictionary->add(reinterpret_cast<objc_object*>(NSFileType), reinterpret_cast<objc_object*>(type));
  if (fs::is_regular_file(status)) {
    const auto size = static_cast<unsigned long long>(fs::file_size(path_of(path), failure));
    dictionary->add(reinterpret_cast<objc_object*>(NSFileSize), objc::make<Number>(size).get());
  }
  return dictionary.autoreleased();
}
String* link_target(const FileManager*, const String* path, Error** error) {
  std::error_code failure;
  const fs::path target = fs::read_symlink(path_of(path), failure);
  return settled(failure, path, error) ? make_string(target.string()).autoreleased() : nullptr;
}
String* current_directory(const FileManager*) {
  std::error_code failure;
  return make_string(fs::current_path(failure).string()).autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<FileManager> file_manager_definition{
    "NSFileManager",
    {
        objc::class_method<&shared>("defaultManager"),
        objc::function<&exists>("fileExistsAtPath:"),
        objc::function<&exists_as>("fileExistsAtPath:isDirectory:"),
        objc::function<&allows<R_OK>>("isReadableFileAtPath:"),
        objc::function<&allows<W_OK>>("isWritableFileAtPath:"),
        objc::function<&allows<X_OK>>("isExecutableFileAtPath:"),
        objc::function<&contents>("contentsAtPath:"),
        objc::function<&create_file>("createFileAtPath:contents:attributes:"),
        objc::function<&create_directory>(
            "createDirectoryAtPath:withIntermediateDirectories:attributes:error:"),
        objc::function<&remove>("removeItemAtPath:error:"),
        objc::function<&list>("contentsOfDirectoryAtPath:error:"),
        objc::function<&attributes>("attributesOfItemAtPath:error:"),
        objc::function<&link_target>("destinationOfSymbolicLinkAtPath:error:"),
        objc::function<&current_directory>("currentDirectoryPath"),
    }};

/// A folder with resources; a program's or library's is the one that its file is in.
struct Bundle : objc::Object {
  using Super = RootObject;

  fs::path folder;
  fs::path executable;  ///< empty for a folder that was named
};

objc::Ref<Bundle> bundle_of(const fs::path& executable) {
  objc::Ref<Bundle> bundle = objc::make<Bundle>();
  bundle->folder = executable.parent_path();
  bundle->executable = executable;
  return bundle;
}
Bundle* main_bundle() {
  static Bundle* const bundle = objc::lasting([] {
    std::error_code failure;
    return bundle_of(fs::read_symlink("/proc/self/exe", failure)).detach();
  });
  return bundle;
}
/// Of the program or library that the class was compiled into.
Bundle* for_class(const objc_class* cls) {
  Dl_info info{};
  const void* place = cls && cls->info->compiled ? cls->info->compiled : nullptr;
  if (!place || !dladdr(place, &info) || !info.dli_fname) return main_bundle();
  std::error_code failure;
  const fs::path file = fs::weakly_canonical(info.dli_fname, failure);
  if (failure || file == main_bundle()->executable) return main_bundle();
  return bundle_of(file).autoreleased();
}
Bundle* init_with_path(Bundle* self, const String* path) {
  std::error_code failure;
  if (!path || !fs::is_directory(path_of(path), failure)) {
    objc::release(self);
    return nullptr;
  }
  self->folder = path_of(path);
  return self;
}
Bundle* with_path(const String* path) {
  Bundle* self = init_with_path(objc::make<Bundle>().detach(), path);
  objc::autorelease(self);
  return self;
}
Bundle* with_url(const URL* url) {
  return with_path(make_string(url ? url->path : "").get());
}
String* folder(const Bundle* self) {
  return make_string(self->folder.string()).autoreleased();
}
URL* folder_url(const Bundle* self) {
  return make_file_url(self->folder.string()).autoreleased();
}
String* executable(const Bundle* self) {
  return self->executable.empty() ? nullptr : make_string(self->executable.string()).autoreleased();
}
String* identifier(const Bundle*) {
  return nullptr;
}
Dictionary* info(const Bundle*) {
  return objc::make<Dictionary>().autoreleased();
}
/// Beside the file, or in a folder Resources there.
std::optional<std::string> resource(const Bundle* self, const String* name,
                                    const String* extension) {
  std::string file(utf8(name));
  if (!utf8(extension).empty()) file += "." + std::string(utf8(extension));
  for (const fs::path& place : {self->folder, self->folder / "Resources"}) {
    std::error_code failure;
    if (!file.empty() && fs::exists(place / file, failure)) return (place / file).string();
  }
  return std::nullopt;
}
String* path_for(const Bundle* self, const String* name, const String* extension) {
  const auto path = resource(self, name, extension);
  return path ? make_string(*path).autoreleased() : nullptr;
}
URL* url_for(const Bundle* self, const String* name, const String* extension) {
  const auto path = resource(self, name, extension);
  return path ? make_file_url(*path).autoreleased() : nullptr;
}

ANVIL_OBJC_CLASS_DEFINITION<Bundle> bundle_definition{
    "NSBundle",
    {
        objc::class_method<&main_bundle>("mainBundle"),
        objc::class_method<&for_class>("bundleForClass:"),
        objc::class_method<&with_path>("bundleWithPath:"),
        objc::class_method<&with_url>("bundleWithURL:"),
        objc::function<&init_with_path>("initWithPath:"),
        objc::function<&folder>("bundlePath"),
        objc::function<&folder>("resourcePath"),
        objc::function<&folder_url>("bundleURL"),
        objc::function<&folder_url>("resourceURL"),
        objc::function<&executable>("executablePath"),
        objc::function<&identifier>("bundleIdentifier"),
        objc::function<&info>("infoDictionary"),
        objc::function<&path_for>("pathForResource:ofType:"),
        objc::function<&url_for>("URLForResource:withExtension:"),
    }};

}  // namespace
}  // namespace anvil
