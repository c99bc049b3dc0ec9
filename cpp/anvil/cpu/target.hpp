// target.hpp: what kernels are compiled to for processors.
#pragma once

#include "anvil/service/compiler_service.hpp"

namespace anvil::cpu {

/// `full` code runs threadgroups for which anvil_threadgroup_is_full(), `any` code all others too.
enum class Variant : uint8_t { full, any };

/// Shared objects, in this format of a KernelImage.
inline constexpr auto kCodeFormat = "elf";

/// For the processor $ANVIL_CPU, or the one that runs this, of the architecture $ANVIL_TARGET, an
/// LLVM triple, or the compiler's own. Throws EnvironmentError.
service::Target target_of(Variant variant);
/// For that processor, as $ANVIL_CPU names them, whatever the environment says.
service::Target target_of(Variant variant, const std::string& processor);

/// Bytes of the vector registers of that processor.
unsigned register_bytes();

}  // namespace anvil::cpu
