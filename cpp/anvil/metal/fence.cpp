#include "anvil/metal/fence.hpp"

namespace anvil::metal {
namespace {

ANVIL_OBJC_CLASS_DEFINITION<Fence> fence_definition{
    "MTLFence",
    {
        objc::property<&Fence::device>("device"),
        objc::property<&Fence::label>("label", "setLabel:"),
    }};

}  // namespace
}  // namespace anvil::metal
