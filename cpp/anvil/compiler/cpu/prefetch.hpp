// prefetch.hpp: asks for the memory that loops over buffers are about to read.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anvil::compiler::cpu {

/// A processor's own prefetcher follows a stream only to the end of its page, and only from a few
/// lines after its start: rows of weights of a few hundred bytes spend more time waiting than
/// computing. So a loop asks for what it reads of a buffer some iterations later, or what the loop
/// after it reads where that goes on in memory (Mowry, Lam & Gupta, "Design and Evaluation of a
/// Compiler Algorithm for Prefetching", ASPLOS 1992). Asking past the end of a buffer is harmless.
/// Threadgroup memory is in the first cache anyway. Needs loops with preheaders.
struct PrefetchStreams : llvm::PassInfoMixin<PrefetchStreams> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anvil::compiler::cpu
