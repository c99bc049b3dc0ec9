#include "anvil/metal/library.hpp"

#include <algorithm>

#include "anvil/metal/async.hpp"
#include "anvil/metal/resource.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::metal {

objc::Ref<Error> library_error(MTL::LibraryError code, std::string log) {
  return make_error("MTLLibraryErrorDomain", static_cast<NS::Integer>(code), std::move(log));
}

objc::Ref<Library> new_library(Device* device, String* source, CompileOptions* options,
                               Error** error) {
  if (!source) {
    give_error(error, library_error(MTL::LibraryErrorCompileFailure,
                                    "-[MTLDevice newLibraryWithSource:...]: nil source"));
    return nullptr;
  }
  try {
    return objc::make<Library>(device,
                               service::compile_library(utf8(source), service_options(options)));
  } catch (const service::CompileError& failure) {
    give_error(error, library_error(MTL::LibraryErrorCompileFailure, failure.what()));
  } catch (const std::exception& failure) {
    give_error(error, library_error(MTL::LibraryErrorInternal, failure.what()));
  }
  return nullptr;
}

Array* Library::function_names() const {
  std::vector<objc::Ref<objc_object>> names;
  for (const std::string& name : image->functions) names.push_back(make_string(name));
  return objc::make<Array>(std::move(names)).autoreleased();
}

objc::Ref<Function> Library::find(String* name, FunctionConstantValues* values,
                                  Error** error) const {
  const std::string wanted(utf8(name));
  if (std::find(image->functions.begin(), image->functions.end(), wanted) ==
      image->functions.end()) {
    give_error(error,
               library_error(MTL::LibraryErrorFunctionNotFound,
                             "library" + quoted(label) + " has no function '" + wanted + "'"));
    return nullptr;
  }
  try {
    return objc::make<Function>(
        device,
        service::SpecializedFunction{image, wanted, match_constants(values, image->constants)});
  } catch (const service::CompileError& failure) {
    give_error(error, library_error(MTL::LibraryErrorCompileFailure,
                                    "function '" + wanted + "': " + failure.what()));
    return nullptr;
  }
}

Function* Library::new_function(String* name) {
  return find(name, nullptr, nullptr).detach();
}

Function* Library::new_function_with_constants(String* name, FunctionConstantValues* values,
                                               Error** error) {
  return find(name, values, error).detach();
}

Function* Library::new_function_for(FunctionDescriptor* descriptor, Error** error) {
  if (!descriptor) {
    give_error(error,
               library_error(MTL::LibraryErrorFunctionNotFound,
                             "-[MTLLibrary newFunctionWithDescriptor:error:]: nil descriptor"));
    return nullptr;
  }
  objc::Ref<Function> function =
      find(descriptor->name.get(), descriptor->constant_values.get(), error);
  if (function && descriptor->specialized_name) function->name = descriptor->specialized_name;
  return function.detach();
}

// Nothing is compiled before a pipeline is made, but a handler may expect not to run inside the
// call.
void Library::new_function_with_constants_async(String* name, FunctionConstantValues* values,
                                                FunctionHandler handler) {
  run_detached([self = objc::Ref<Library>(this), name = objc::Ref<String>(name),
                values = objc::Ref<FunctionConstantValues>(values),
                handler = objc::Block<void(Function*, Error*)>(handler)] {
    Error* error = nullptr;
    objc::Ref<Function> function = self->find(name.get(), values.get(), &error);
    handler(function.get(), error);
  });
}

void Library::new_function_for_async(FunctionDescriptor* descriptor, FunctionHandler handler) {
  run_detached([self = objc::Ref<Library>(this),
                descriptor = objc::Ref<FunctionDescriptor>(descriptor),
                handler = objc::Block<void(Function*, Error*)>(handler)] {
    Error* error = nullptr;
    auto function = objc::Ref<Function>::adopt(self->new_function_for(descriptor.get(), &error));
    handler(function.get(), error);
  });
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<Library> library_definition{
    "MTLLibrary",
    {
        objc::property<&Library::device>("device"),
        objc::property<&Library::label>("label", "setLabel:"),
        objc::method<&Library::function_names>("functionNames"),
        objc::method<&Library::new_function>("newFunctionWithName:"),
        objc::method<&Library::new_function_with_constants>(
            "newFunctionWithName:constantValues:error:"),
        objc::method<&Library::new_function_with_constants_async>(
            "newFunctionWithName:constantValues:completionHandler:"),
        objc::method<&Library::new_function_for>("newFunctionWithDescriptor:error:"),
        objc::method<&Library::new_function_for_async>(
            "newFunctionWithDescriptor:completionHandler:"),
        objc::method<&Library::type>("type"),
        objc::method<&Library::install_name>("installName"),
        objc::method<&Library::log>("anvilLog"),
    }};

}  // namespace
}  // namespace anvil::metal
