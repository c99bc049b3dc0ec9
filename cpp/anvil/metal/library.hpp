// MTLLibrary: functions compiled from one source, or that a compiled library holds.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <Metal/MTLLibrary.hpp>

#include "anvil/foundation/error.hpp"
#include "anvil/metal/compile_options.hpp"
#include "anvil/metal/function.hpp"
#include "anvil/metallib/apple_library.hpp"

namespace anvil::metal {

struct Library : objc::Object {
  using Super = RootObject;
  using FunctionHandler = void (^)(Function*, Error*);

  using Image = std::shared_ptr<const service::LibraryImage>;

  Library(Device* device, std::vector<Image> parts) : device(device), parts(std::move(parts)) {}
  Library(Device* device, std::shared_ptr<const metallib::AppleLibrary> compiled)
      : device(device), compiled(std::move(compiled)) {}

  Array* function_names() const;
  /// Null without such a function, as in Metal.
  Function* new_function(String* name);
  Function* new_function_with_constants(String* name, FunctionConstantValues* values,
                                        Error** error);
  Function* new_function_for(FunctionDescriptor* descriptor, Error** error);
  void new_function_with_constants_async(String* name, FunctionConstantValues* values,
                                         FunctionHandler handler);
  void new_function_for_async(FunctionDescriptor* descriptor, FunctionHandler handler);
  MTL::LibraryType type() const { return MTL::LibraryTypeExecutable; }
  String* install_name() const { return nullptr; }
  /// The compiler's warnings; Metal hands them out as the error of a library that it made.
  String* log() const;

  Device* device;
  const std::vector<Image> parts;  ///< what was compiled together, as one or several
  const std::shared_ptr<const metallib::AppleLibrary> compiled;  ///< or null
  objc::Ref<String> label;

 private:
  struct Found {
    Image image;
    MTL::FunctionType type;
  };
  std::optional<Found> look_up(const std::string& name) const;
  objc::Ref<Function> find(String* name, FunctionConstantValues* values, Error** error) const;
};

objc::Ref<Error> library_error(MTL::LibraryError code, std::string log);

/// Null and an error in domain MTLLibraryErrorDomain with the compiler's log if it does not
/// compile.
objc::Ref<Library> new_library(Device* device, String* source, CompileOptions* options,
                               Error** error);

}  // namespace anvil::metal
