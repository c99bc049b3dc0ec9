// MTLLibrary: kernels compiled from one source.
#pragma once

#include <memory>

#include <Metal/MTLLibrary.hpp>

#include "anvil/foundation/error.hpp"
#include "anvil/metal/compile_options.hpp"
#include "anvil/metal/function.hpp"

namespace anvil::metal {

struct Library : objc::Object {
  using Super = RootObject;
  using FunctionHandler = void (^)(Function*, Error*);

  Library(Device* device, service::LibraryImage image)
      : device(device), image(std::make_shared<const service::LibraryImage>(std::move(image))) {}

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
  String* log() const { return make_string(image->log).autoreleased(); }

  Device* device;
  const std::shared_ptr<const service::LibraryImage> image;
  objc::Ref<String> label;

 private:
  objc::Ref<Function> find(String* name, FunctionConstantValues* values, Error** error) const;
};

objc::Ref<Error> library_error(MTL::LibraryError code, std::string log);

/// Null and an error in domain MTLLibraryErrorDomain with the compiler's log if it does not
/// compile.
objc::Ref<Library> new_library(Device* device, String* source, CompileOptions* options,
                               Error** error);

}  // namespace anvil::metal
