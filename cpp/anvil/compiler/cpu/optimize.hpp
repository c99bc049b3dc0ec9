// optimize.hpp: LLVM's passes before and after vectorisation.
#pragma once

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace anvil::compiler::cpu {

/// Makes one lane's program small and regular. Nothing here may move a convergent operation or
/// vectorise along the wrong axis.
void optimize_scalar(llvm::Module& module, llvm::TargetMachine& machine);

/// Cleans up after the vectoriser; leaves what suits code generation.
void optimize_simdgroup(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace anvil::compiler::cpu
