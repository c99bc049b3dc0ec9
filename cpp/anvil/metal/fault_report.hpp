// A kernel's fault as the error of its command buffer.
#pragma once

#include <string>

#include <Metal/MTLCommandBuffer.hpp>

#include "anvil/cpu/kernel_fault.hpp"
#include "anvil/metal/commands.hpp"

namespace anvil::metal {

MTL::CommandBufferError error_code(const KernelFault& fault);

/// The fault in words, with the limit if it is one of time.
std::string explain(const KernelFault& fault);
/// And which of the dispatch's arguments it missed by how much.
std::string explain(const KernelFault& fault, const DispatchCommand& dispatch);

}  // namespace anvil::metal
