// decided_comparisons.hpp: comparisons of floats that a branch has decided before.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anvil::compiler {

/// Where `x >= 12` leads, `x < 5` is false. LLVM 22 knows this of integers alone.
struct DecideComparisons : llvm::PassInfoMixin<DecideComparisons> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anvil::compiler
