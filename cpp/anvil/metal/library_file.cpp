#include "anvil/metal/library_file.hpp"

#include <algorithm>
#include <utility>

#include "anvil/metal/report.hpp"
#include "anvil/metallib/archive.hpp"
#include "anvil/objc/runtime.hpp"

namespace anvil::metal {
namespace {

constexpr uint64_t kMostMagic = 8;

/// A unit of an archive as what it was compiled to. It is compiled again when a pipeline is made of
/// it, unless a cache has the result.
Library::Image image_of(const metallib::Archive& archive, size_t index) {
  const metallib::Unit& unit = archive.units()[index];
  std::vector<std::string> functions, visible;
  for (const metallib::UnitFunction& function : unit.functions)
    (function.kind == metallib::FunctionKind::visible ? visible : functions)
        .push_back(function.name);
  std::vector<service::FunctionConstant> constants;
  for (const metallib::UnitConstant& constant : unit.constants)
    constants.push_back({constant.name, constant.index, constant.type, constant.required});
  return std::make_shared<const service::LibraryImage>(service::compiled_before(
      std::make_shared<const service::LibrarySource>(service::LibrarySource{
          .text = archive.text(index),
          .options = {.defines = {}, .math = unit.math, .std = unit.std, .logging = unit.logging}}),
      std::move(functions), std::move(constants), std::move(visible)));
}

objc::Ref<Library> read(Device* device, const std::shared_ptr<const metallib::Input>& input) {
  const std::string magic = input->text(0, std::min(input->size(), kMostMagic));
  if (!metallib::Archive::begins(magic))
    return objc::make<Library>(device, std::make_shared<const metallib::AppleLibrary>(input));
  const metallib::Archive archive(input);
  std::vector<Library::Image> parts;
  for (size_t i = 0; i < archive.units().size(); ++i) parts.push_back(image_of(archive, i));
  return objc::make<Library>(device, std::move(parts));
}

/// What `make` gives, or an error from what it throws.
template <class Make>
objc::Ref<Library> reading(Error** error, const Make& make) {
  try {
    return make();
  } catch (const metallib::FileError& failure) {
    give_error(error, library_error(MTL::LibraryErrorFileNotFound, failure.what()));
  } catch (const metallib::FormatError& failure) {
    give_error(error, library_error(MTL::LibraryErrorUnsupported, failure.what()));
  } catch (const std::exception& failure) {
    give_error(error, library_error(MTL::LibraryErrorInternal, failure.what()));
  }
  return nullptr;
}

}  // namespace

objc::Ref<Library> open_library(Device* device, const std::string& path, Error** error) {
  if (path.empty()) {
    give_error(error, library_error(MTL::LibraryErrorFileNotFound,
                                    "-[MTLDevice newLibraryWithURL:error:]: no path of a file"));
    return nullptr;
  }
  return reading(error, [&] { return read(device, metallib::Input::open(path)); });
}

objc::Ref<Library> open_library(Device* device, dispatch_data_t data, Error** error) {
  if (!data) {
    give_error(error, library_error(MTL::LibraryErrorUnsupported,
                                    "-[MTLDevice newLibraryWithData:error:]: nil data"));
    return nullptr;
  }
  return reading(error, [&] {
    const void* bytes = nullptr;
    size_t size = 0;
    // One piece of memory, kept by what comes back.
    const auto whole =
        reinterpret_cast<objc_object*>(dispatch_data_create_map(data, &bytes, &size));
    return read(device,
                metallib::Input::of("library data", {static_cast<const std::byte*>(bytes), size},
                                    std::make_shared<objc::Ref<objc_object>>(
                                        objc::Ref<objc_object>::adopt(whole))));
  });
}

objc::Ref<Library> default_library(Device* device, objc_object* bundle, Error** error) {
  static const SEL path_for = sel_registerName("pathForResource:ofType:");
  static const SEL folder = sel_registerName("bundlePath");
  const auto name = make_string("default"), type = make_string("metallib");
  const String* path = objc::send<String*>(bundle, path_for, name.get(), type.get());
  if (path) return open_library(device, std::string(utf8(path)), error);
  give_error(error, library_error(MTL::LibraryErrorFileNotFound,
                                  "there is no default.metallib in '" +
                                      std::string(utf8(objc::send<String*>(bundle, folder))) +
                                      "', nor in its folder Resources"));
  return nullptr;
}

objc::Ref<Library> default_library(Device* device) {
  static const SEL main_bundle = sel_registerName("mainBundle");
  Error* error = nullptr;
  objc::Ref<Library> library = default_library(
      device, objc::send<objc_object*>(objc_getClass("NSBundle"), main_bundle), &error);
  if (!library && error->code != MTL::LibraryErrorFileNotFound)
    return report_nil("-[MTLDevice newDefaultLibrary]: " + description_of(error));
  return library;
}

}  // namespace anvil::metal
