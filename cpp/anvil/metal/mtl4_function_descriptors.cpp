#include "anvil/metal/mtl4_function_descriptors.hpp"

namespace anvil::metal {

objc::Ref<Function> function_of(const MTL4FunctionDescriptor* descriptor, Error** error) {
  const MTL4FunctionDescriptor* inner =
      descriptor && descriptor->function ? descriptor->function.get() : descriptor;
  if (!inner || !inner->library || !inner->name) {
    give_error(error, library_error(MTL::LibraryErrorFunctionNotFound,
                                    "MTL4FunctionDescriptor: no library and name of a function"));
    return nullptr;
  }
  const auto plain = objc::make<FunctionDescriptor>();
  plain->name = inner->name;
  plain->specialized_name = descriptor->specialized_name;
  plain->constant_values = descriptor->constant_values;
  return objc::Ref<Function>::adopt(inner->library->new_function_for(plain.get(), error));
}

namespace {

/// Null, too, where there are none; then `error` is as it was.
objc::Ref<Array> functions_of(const objc::Ref<Array>& descriptors, bool& failed, Error** error) {
  if (!descriptors) return nullptr;
  std::vector<objc::Ref<objc_object>> functions;
  for (const auto& item : descriptors->items) {
    functions.push_back(function_of(static_cast<const MTL4FunctionDescriptor*>(item.get()), error));
    failed |= !functions.back();
    if (failed) return nullptr;
  }
  return objc::make<Array>(std::move(functions));
}

}  // namespace

objc::Ref<LinkedFunctions> linked_functions_of(const MTL4StaticLinkingDescriptor& descriptor,
                                               Error** error) {
  auto linked = objc::make<LinkedFunctions>();
  bool failed = false;
  linked->functions = functions_of(descriptor.functions, failed, error);
  if (!failed)
    linked->private_functions = functions_of(descriptor.private_functions, failed, error);
  linked->groups = descriptor.groups;
  return failed ? objc::Ref<LinkedFunctions>() : linked;
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<MTL4FunctionDescriptor> function_descriptor_definition{
    "MTL4FunctionDescriptor",
    {
        objc::copying<MTL4FunctionDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4LibraryFunctionDescriptor> library_function_definition{
    "MTL4LibraryFunctionDescriptor",
    {
        objc::property<&MTL4LibraryFunctionDescriptor::name>("name", "setName:"),
        objc::property<&MTL4LibraryFunctionDescriptor::library>("library", "setLibrary:"),
        objc::copying<MTL4LibraryFunctionDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4SpecializedFunctionDescriptor> specialized_function_definition{
    "MTL4SpecializedFunctionDescriptor",
    {
        objc::property<&MTL4SpecializedFunctionDescriptor::function>("functionDescriptor",
                                                                     "setFunctionDescriptor:"),
        objc::property<&MTL4SpecializedFunctionDescriptor::specialized_name>("specializedName",
                                                                             "setSpecializedName:"),
        objc::property<&MTL4SpecializedFunctionDescriptor::constant_values>("constantValues",
                                                                            "setConstantValues:"),
        objc::copying<MTL4SpecializedFunctionDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4StaticLinkingDescriptor> static_linking_definition{
    "MTL4StaticLinkingDescriptor",
    {
        objc::property<&MTL4StaticLinkingDescriptor::functions>("functionDescriptors",
                                                                "setFunctionDescriptors:"),
        objc::property<&MTL4StaticLinkingDescriptor::private_functions>(
            "privateFunctionDescriptors", "setPrivateFunctionDescriptors:"),
        objc::property<&MTL4StaticLinkingDescriptor::groups>("groups", "setGroups:"),
        objc::copying<MTL4StaticLinkingDescriptor>(),
    }};

}  // namespace
}  // namespace anvil::metal
