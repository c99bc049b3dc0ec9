#include "anvil/metal/linked_functions.hpp"

namespace anvil::metal {
namespace {

using L = LinkedFunctions;

LinkedFunctions* make() {
  return objc::make<LinkedFunctions>().autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<LinkedFunctions> linked_functions_definition{
    "MTLLinkedFunctions",
    {
        objc::class_method<&make>("linkedFunctions"),
        objc::property<&L::functions>("functions", "setFunctions:"),
        objc::property<&L::binary_functions>("binaryFunctions", "setBinaryFunctions:"),
        objc::property<&L::private_functions>("privateFunctions", "setPrivateFunctions:"),
        objc::property<&L::groups>("groups", "setGroups:"),
        objc::copying<L>(),
    }};

}  // namespace
}  // namespace anvil::metal
