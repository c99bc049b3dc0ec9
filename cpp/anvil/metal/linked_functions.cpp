#include "anvil/metal/linked_functions.hpp"

#include <algorithm>

#include "anvil/metal/function.hpp"

namespace anvil::metal {
namespace {

/// One value of a constant is for kernel and linked functions.
void add_values(const service::SpecializedFunction& function, service::SpecializedFunction& to) {
  for (const service::ConstantValue& value : function.constants) {
    const auto same = std::ranges::find_if(to.constants, [&](const service::ConstantValue& other) {
      return value.index ? other.index == value.index : other.name == value.name;
    });
    if (same == to.constants.end())
      to.constants.push_back(value);
    else if (same->data != value.data)
      throw service::CompileError(
          "unsupported linked function '" + function.name + "': function constant " +
          (value.index ? std::to_string(*value.index) : "'" + value.name + "'") +
          " has another value in '" + to.name + "'; supported: one value of each");
  }
}

LinkedFunctions* make() {
  return objc::make<LinkedFunctions>().autoreleased();
}

}  // namespace

service::SpecializedFunction link(const service::SpecializedFunction& kernel,
                                  const LinkedFunctions& linked) {
  service::SpecializedFunction result = kernel;
  const auto add = [&](const objc::Ref<Array>& functions, bool has_handles) {
    if (!functions) return;
    for (const auto& item : functions->items) {
      const auto& each = static_cast<const Function&>(*item);
      const std::string& name = each.function.name;
      if (each.type != MTL::FunctionTypeVisible)
        throw service::CompileError("unsupported linked function '" + name +
                                    "'; supported: functions that are [[visible]]");
      if (each.function.library->key != kernel.library->key)
        throw service::CompileError("unsupported linked function '" + name +
                                    "' of another library; supported: functions of the library "
                                    "that kernel '" +
                                    kernel.name + "' is in");
      add_values(each.function, result);
      if (has_handles && std::ranges::find(result.linked, name) == result.linked.end())
        result.linked.push_back(name);
    }
  };
  add(linked.functions, true);
  add(linked.binary_functions, true);
  add(linked.private_functions, false);
  return result;
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<LinkedFunctions> linked_functions_definition{
    "MTLLinkedFunctions",
    {
        objc::class_method<&make>("linkedFunctions"),
        objc::property<&LinkedFunctions::functions>("functions", "setFunctions:"),
        objc::property<&LinkedFunctions::binary_functions>("binaryFunctions",
                                                           "setBinaryFunctions:"),
        objc::property<&LinkedFunctions::private_functions>("privateFunctions",
                                                            "setPrivateFunctions:"),
        objc::property<&LinkedFunctions::groups>("groups", "setGroups:"),
        objc::copying<LinkedFunctions>(),
    }};

}  // namespace
}  // namespace anvil::metal
