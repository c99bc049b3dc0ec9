// equal_arms.hpp: what the arms of a branch compute alike.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anvil::compiler::cpu {

/// A phi of what all of its arms compute alike, of values from before the branch, is computed once,
/// where the arms meet. So the counter of a loop whose body is there for all lanes and for fewer is
/// an induction variable again, and what the loop reads can be asked for ahead.
struct JoinEqualArms : llvm::PassInfoMixin<JoinEqualArms> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anvil::compiler::cpu
