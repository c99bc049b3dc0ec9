// passes.hpp: runs LLVM's passes, with the analyses that they ask for.
#pragma once

#include <llvm/IR/PassManager.h>

namespace llvm {
class TargetMachine;
}

namespace anvil::compiler {

/// `machine`, where there is one, tells the passes what costs what.
void run_passes(llvm::Module& module, llvm::ModulePassManager passes,
                llvm::TargetMachine* machine = nullptr);
void run_passes(llvm::Function& function, llvm::FunctionPassManager passes,
                llvm::TargetMachine* machine = nullptr);

}  // namespace anvil::compiler
