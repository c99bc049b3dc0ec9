#include "anvil/compiler/cpu/machine.hpp"

#include <llvm/IR/Module.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include <algorithm>
#include <iterator>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler::cpu {

namespace {

// What is quadratic in the length of a block, for kernels' are long.
void set_code_generator_options() {
  static const bool once = [] {
    const char* arguments[] = {
        "anvil-compiler",
        // No scheduling again after register allocation: it took a third of the code generator's
        // time, for CPUs that reorder by themselves.
        "-disable-post-ra",
        // Preparation for the code generator starts over after a change only where one was.
        "-cgpp-huge-func=1",
        // No analysis of where variables live: kernels have lines alone.
        "-experimental-debug-variable-locations=false",
        // Blocks that were split for the code generator's sake stay so.
        "-disable-cgp-branch-opts",
        // How far removal of dead stores, and of repeated loads, look.
        "-dse-memoryssa-scanlimit=30",
        "-dse-memoryssa-walklimit=20",
        "-memdep-block-scan-limit=20",
    };
    return llvm::cl::ParseCommandLineOptions(std::size(arguments), arguments, "", &llvm::errs());
  }();
  (void)once;
}

void initialize_targets() {
#define ANVIL_INITIALIZE(architecture)        \
  LLVMInitialize##architecture##TargetInfo(); \
  LLVMInitialize##architecture##Target();     \
  LLVMInitialize##architecture##TargetMC();   \
  LLVMInitialize##architecture##AsmPrinter();
  ANVIL_INITIALIZE(X86)
  ANVIL_INITIALIZE(AArch64)
#undef ANVIL_INITIALIZE
}

/// What kernels are made of on x86, which x86-64-v3 has.
constexpr const char* kNeeded[] = {"+avx2", "+fma", "+f16c", "+bmi2"};

bool is_supported(const llvm::MCSubtargetInfo& processor) {
  return !processor.getTargetTriple().isX86() ||
         std::ranges::all_of(kNeeded,
                             [&](const char* feature) { return processor.checkFeatures(feature); });
}

/// "host, alderlake, ...": the processors of an architecture that kernels can be compiled for.
std::string supported_processors(const llvm::Target& target, const llvm::Triple& triple,
                                 const llvm::MCSubtargetInfo& any) {
  std::string names = "host";
  for (const llvm::SubtargetSubTypeKV& entry : any.getAllProcessorDescriptions()) {
    const std::unique_ptr<llvm::MCSubtargetInfo> processor(
        target.createMCSubtargetInfo(triple, entry.Key, ""));
    if (is_supported(*processor)) names.append(", ").append(entry.Key);
  }
  return names;
}

}  // namespace

std::unique_ptr<llvm::TargetMachine> make_machine(const llvm::Triple& triple,
                                                  const std::string& cpu) {
  initialize_targets();
  set_code_generator_options();
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) throw TargetError(error);

  std::string name = cpu;
  llvm::SubtargetFeatures features;
  const bool here = triple.getArch() == llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArch();
  if (cpu == "host" && !here) {
    name = triple.isX86() ? "x86-64-v3" : "generic";
  } else if (cpu == "host") {
    name = llvm::sys::getHostCPUName().str();
    // What the operating system lets programs use, which the name does not tell.
    for (const auto& [feature, enabled] : llvm::sys::getHostCPUFeatures())
      features.AddFeature(feature, enabled);
  }
  // LLVM counts AVX2's gathers as slow where it does not know better, and takes them apart into
  // branches; against the loop that stands in for them under a mask they are not.
  if (triple.isX86()) features.AddFeature("fast-gather");
  std::unique_ptr<llvm::MCSubtargetInfo> known(target->createMCSubtargetInfo(triple, "", ""));
  if (!known) throw TargetError("no processors of " + triple.str());
  if (!known->isCPUStringValid(name))
    throw TargetError("unsupported processor '" + cpu + "' (ANVIL_CPU names it); supported: " +
                      supported_processors(*target, triple, *known));
  llvm::TargetOptions options;
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, name, features.getString(), options, llvm::Reloc::PIC_,
                                  std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  if (!machine) throw TargetError("no code generator for " + triple.str());
  const llvm::MCSubtargetInfo& subtarget = *machine->getMCSubtargetInfo();
  if (!is_supported(subtarget))
    for (const char* needed : kNeeded)
      if (!subtarget.checkFeatures(needed))
        throw TargetError("processor '" + name + "' lacks " + (needed + 1) +
                          "; kernels need x86-64-v3 (AVX2, FMA, F16C); supported: " +
                          supported_processors(*target, triple, *known));
  return machine;
}

unsigned register_bytes(const llvm::TargetMachine& machine) {
  constexpr unsigned kAvx512 = 64, kAvx2 = 32, kNeon = 16;
  if (!machine.getTargetTriple().isX86()) return kNeon;
  return machine.getMCSubtargetInfo()->checkFeatures("+avx512f") ? kAvx512 : kAvx2;
}

void retarget(llvm::Module& module, const llvm::TargetMachine& machine) {
  module.setTargetTriple(machine.getTargetTriple());
  const bool wide = register_bytes(machine) == 64;
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    // Decided before registers are spilled, or not at all: a register's worth on the stack then
    // lies across two cache lines.
    function.addFnAttr("stackrealign");
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.removeFnAttr("tune-cpu");
    if (!wide) continue;
    // Without these LLVM stays with 256-bit registers.
    function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("min-legal-vector-width", "512");
  }
}

}  // namespace anvil::compiler::cpu
