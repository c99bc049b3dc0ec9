#include "anvil/metal/linked_functions.hpp"

namespace anvil::metal {
namespace {

LinkedFunctions* make() {
  return objc::make<LinkedFunctions>().autoreleased();
}

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
