// lowering.hpp: turns clang's module into one lane's program, a single function.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "anvil/compiler/source/signature.hpp"

namespace llvm {
class Module;
}

namespace anvil::compiler {

class Target;

struct LoweredKernel {
  uint64_t static_memory = 0;  ///< bytes of `threadgroup` variables
  bool barriers = false;       ///< whether the kernel calls threadgroup_barrier
  std::vector<std::string> errors;
  std::vector<std::string> computed;  ///< variables whose initialiser is not a constant: an error
};

/// Takes what the program says by os_log away.
void drop_messages(llvm::Module& module);

/// Expects bound function constants. Afterwards `anvil_scalar_entry` is the module's only defined
/// function: everything is inlined into it, the target has put its own in place of lanes' indices
/// and of threadgroup variables, and nothing has been optimised. `kernel_symbol` names the kernel's
/// function.
LoweredKernel lower_kernel(llvm::Module& module, const std::string& kernel_symbol,
                           const KernelSignature& signature, const Target& target);

}  // namespace anvil::compiler
