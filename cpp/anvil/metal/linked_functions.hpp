// MTLLinkedFunctions: functions of other libraries for a pipeline to call.
#pragma once

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/dictionary.hpp"

namespace anvil::metal {

struct LinkedFunctions : objc::Object {
  using Super = RootObject;

  bool any() const {
    const auto some = [](const objc::Ref<Array>& array) { return array && !array->items.empty(); };
    return some(functions) || some(binary_functions) || some(private_functions);
  }

  objc::Ref<Array> functions;
  objc::Ref<Array> binary_functions;
  objc::Ref<Array> private_functions;
  objc::Ref<Dictionary> groups;
};

}  // namespace anvil::metal
