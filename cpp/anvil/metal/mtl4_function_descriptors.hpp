// MTL4FunctionDescriptor and those below it: a function by name and library, perhaps with values
// for its constants.
#pragma once

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/metal/function.hpp"
#include "anvil/metal/library.hpp"
#include "anvil/metal/linked_functions.hpp"

namespace anvil::metal {

struct MTL4FunctionDescriptor : objc::Object {
  using Super = RootObject;

  // Of MTL4LibraryFunctionDescriptor.
  objc::Ref<String> name;
  objc::Ref<Library> library;
  // Of MTL4SpecializedFunctionDescriptor.
  objc::Ref<MTL4FunctionDescriptor> function;
  objc::Ref<String> specialized_name;
  objc::Ref<FunctionConstantValues> constant_values;
};

struct MTL4LibraryFunctionDescriptor : MTL4FunctionDescriptor {
  using Super = MTL4FunctionDescriptor;
};
struct MTL4SpecializedFunctionDescriptor : MTL4FunctionDescriptor {
  using Super = MTL4FunctionDescriptor;
};

struct MTL4StaticLinkingDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<Array> functions;
  objc::Ref<Array> private_functions;
  objc::Ref<Dictionary> groups;
};

/// Null and an error where there is no such function.
objc::Ref<Function> function_of(const MTL4FunctionDescriptor* descriptor, Error** error);
objc::Ref<LinkedFunctions> linked_functions_of(const MTL4StaticLinkingDescriptor& descriptor,
                                               Error** error);

}  // namespace anvil::metal
