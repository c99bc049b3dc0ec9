#include "anvil/metal/library.hpp"

#include <algorithm>

#include "anvil/metal/async.hpp"
#include "anvil/metal/data_type.hpp"
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
    return objc::make<Library>(
        device, std::vector{std::make_shared<const service::LibraryImage>(
                    service::compile_library(utf8(source), service_options(options)))});
  } catch (const service::CompileError& failure) {
    give_error(error, library_error(MTL::LibraryErrorCompileFailure, failure.what()));
  } catch (const std::exception& failure) {
    give_error(error, library_error(MTL::LibraryErrorInternal, failure.what()));
  }
  return nullptr;
}

namespace {

using metallib::FunctionKind;

/// Nothing for functions that only others of the library call.
std::optional<MTL::FunctionType> function_type(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::vertex:
      return MTL::FunctionTypeVertex;
    case FunctionKind::fragment:
      return MTL::FunctionTypeFragment;
    case FunctionKind::kernel:
      return MTL::FunctionTypeKernel;
    case FunctionKind::visible:
      return MTL::FunctionTypeVisible;
    case FunctionKind::intersection:
      return MTL::FunctionTypeIntersection;
    case FunctionKind::mesh:
      return MTL::FunctionTypeMesh;
    case FunctionKind::object:
      return MTL::FunctionTypeObject;
    case FunctionKind::unqualified:
    case FunctionKind::external:
      break;
  }
  return std::nullopt;
}

/// The one function as a library of its own. It is compiled when a pipeline is made of it.
Library::Image image_of(const metallib::AppleLibrary& library,
                        const metallib::AppleFunction& function) {
  std::vector<service::FunctionConstant> constants;
  for (const metallib::AppleConstant& constant : library.constants(function))
    constants.push_back({constant.name, constant.index,
                         std::string(type_name(static_cast<MTL::DataType>(constant.type))),
                         constant.required});
  return std::make_shared<const service::LibraryImage>(service::compiled_before(
      std::make_shared<const service::LibrarySource>(service::LibrarySource{
          .text = library.bitcode(function), .form = service::LibrarySource::Form::air}),
      {std::string(function.name)}, std::move(constants)));
}

}  // namespace

Array* Library::function_names() const {
  std::vector<objc::Ref<objc_object>> names;
  for (const Image& part : parts)
    for (const auto* list : {&part->functions, &part->visible})
      for (const std::string& name : *list) names.push_back(make_string(name));
  if (compiled)
    for (const metallib::AppleFunction& function : compiled->functions())
      if (function_type(function.kind)) names.push_back(make_string(std::string(function.name)));
  return objc::make<Array>(std::move(names)).autoreleased();
}

String* Library::log() const {
  std::string log;
  for (const Image& part : parts) log += part->log;
  return make_string(std::move(log)).autoreleased();
}

std::optional<Library::Found> Library::look_up(const std::string& name) const {
  for (const Image& part : parts) {
    if (std::ranges::find(part->functions, name) != part->functions.end())
      return Found{part, MTL::FunctionTypeKernel};
    if (std::ranges::find(part->visible, name) != part->visible.end())
      return Found{part, MTL::FunctionTypeVisible};
  }
  const metallib::AppleFunction* function = compiled ? compiled->find(name) : nullptr;
  const auto type = function ? function_type(function->kind) : std::nullopt;
  if (!type) return std::nullopt;
  return Found{image_of(*compiled, *function), *type};
}

objc::Ref<Function> Library::find(String* name, FunctionConstantValues* values,
                                  Error** error) const {
  const std::string wanted(utf8(name));
  try {
    const std::optional<Found> found = look_up(wanted);
    if (!found) {
      give_error(error,
                 library_error(MTL::LibraryErrorFunctionNotFound,
                               "library" + quoted(label) + " has no function '" + wanted + "'"));
      return nullptr;
    }
    return objc::make<Function>(
        device,
        service::SpecializedFunction{found->image, wanted,
                                     match_constants(values, found->image->constants)},
        found->type);
  } catch (const service::CompileError& failure) {
    give_error(error, library_error(MTL::LibraryErrorCompileFailure,
                                    "function '" + wanted + "': " + failure.what()));
  } catch (const metallib::FormatError& failure) {
    give_error(error, library_error(MTL::LibraryErrorInternal,
                                    "function '" + wanted + "': " + failure.what()));
  }
  return nullptr;
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
