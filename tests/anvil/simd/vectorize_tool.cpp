// vectorize_tool: the vectoriser without a front end. Reads bitcode or IR that defines
// anvil_scalar_entry, writes an object file or IR.
//   vectorize_tool INPUT OUTPUT.o|.ll [--cpu NAME] [--entry SYMBOL] [--no-clean-up] [--no-versions]
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <memory>

#include "anvil/compiler/simd/vectorize.hpp"

namespace {

struct Arguments {
  std::string input, output, cpu, entry = "anvil_entry";
  anvil::compiler::simd::VectorizeOptions options;
};

bool parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; ++i) {
    const llvm::StringRef word = words[i];
    if (word == "--no-clean-up")
      arguments.options.clean_up = false;
    else if (word == "--no-versions")
      arguments.options.full_mask_versions = false;
    else if (word == "--cpu" && i + 1 < count)
      arguments.cpu = words[++i];
    else if (word == "--entry" && i + 1 < count)
      arguments.entry = words[++i];
    else if (arguments.input.empty())
      arguments.input = word.str();
    else
      arguments.output = word.str();
  }
  return !arguments.output.empty();
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    llvm::errs() << "usage: vectorize_tool INPUT OUTPUT.o|.ll [--cpu NAME] [--entry SYMBOL]\n";
    return 2;
  }
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseIRFile(arguments.input, diagnostic, context);
  if (!module) {
    diagnostic.print("vectorize_tool", llvm::errs());
    return 2;
  }
  std::string error;
  const llvm::Triple& triple = module->getTargetTriple();
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    llvm::errs() << error << "\n";
    return 2;
  }
  llvm::TargetOptions target_options;
  target_options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, arguments.cpu, "", target_options, llvm::Reloc::PIC_,
                                  std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  arguments.options.target = machine.get();

  anvil::compiler::Remarks remarks;
  const bool done = anvil::compiler::simd::vectorize(*module, arguments.options, remarks);
  for (const anvil::compiler::Remark& remark : remarks)
    llvm::errs() << remark.file << ":" << remark.line << ": " << remark.message << "\n";
  if (!done) return 1;
  module->getFunction("anvil_entry")->setName(arguments.entry);

  std::error_code status;
  llvm::raw_fd_ostream output(arguments.output, status);
  if (status) {
    llvm::errs() << arguments.output << ": " << status.message() << "\n";
    return 2;
  }
  if (llvm::StringRef(arguments.output).ends_with(".ll")) {
    module->print(output, nullptr);
    return 0;
  }
  llvm::legacy::PassManager passes;
  const auto kind = llvm::StringRef(arguments.output).ends_with(".s")
                        ? llvm::CodeGenFileType::AssemblyFile
                        : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(passes, output, nullptr, kind)) return 2;
  passes.run(*module);
  return 0;
}
