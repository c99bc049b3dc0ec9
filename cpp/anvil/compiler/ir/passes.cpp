#include "anvil/compiler/ir/passes.hpp"

#include <llvm/Passes/PassBuilder.h>

namespace anvil::compiler {
namespace {

struct Analyses {
  explicit Analyses(llvm::TargetMachine* machine) {
    llvm::PassBuilder builder(machine);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
  }
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
};

}  // namespace

void run_passes(llvm::Module& module, llvm::ModulePassManager passes,
                llvm::TargetMachine* machine) {
  Analyses analyses(machine);
  passes.run(module, analyses.modules);
}

void run_passes(llvm::Function& function, llvm::FunctionPassManager passes,
                llvm::TargetMachine* machine) {
  Analyses analyses(machine);
  passes.run(function, analyses.functions);
}

}  // namespace anvil::compiler
