#include "anvil/compiler/air/module.hpp"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/AttributeMask.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>

#include "anvil/compiler/air/checks.hpp"
#include "anvil/compiler/air/metadata.hpp"
#include "anvil/compiler/air/private_arrays.hpp"
#include "anvil/compiler/ir/passes.hpp"
#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler::air {
namespace {

constexpr unsigned kNewestVersion = 2;
constexpr const char* kKernel = "air.kernel";
constexpr const char* kKinds[] = {kKernel,       "air.vertex",       "air.fragment",
                                  "air.visible", "air.intersection", "air.mesh",
                                  "air.object"};

// Without a handler of one's own LLVM ends the process at an error.
void remember(const llvm::DiagnosticInfo* diagnostic, void* text) {
  if (diagnostic->getSeverity() != llvm::DS_Error) return;
  llvm::raw_string_ostream out(*static_cast<std::string*>(text));
  llvm::DiagnosticPrinterRawOStream printer(out);
  diagnostic->print(printer);
}

void check_version(const llvm::Module& module) {
  const std::string triple = module.getTargetTriple().str();
  if (!llvm::StringRef(triple).starts_with("air64"))
    throw AirError("unsupported target '" + triple + "' of a function; supported: air64");
  const llvm::MDNode* version = first_node(module, "air.version");
  const auto major = version ? number(*version, 0) : std::nullopt;
  if (!major) throw AirError("the function's bitcode is damaged: it has no AIR version");
  if (*major > kNewestVersion)
    throw AirError("unsupported AIR version " + std::to_string(*major) + "." +
                   std::to_string(number(*version, 1).value_or(0)) + "; supported: up to " +
                   std::to_string(kNewestVersion) + ".x");
}

// Two buffers may be one, whatever the optimiser of the AIR was told.
void forget_aliasing(llvm::Instruction& instruction) {
  instruction.dropUnknownNonDebugMetadata(
      {llvm::LLVMContext::MD_loop, llvm::LLVMContext::MD_range, llvm::LLVMContext::MD_prof});
  // Infinities and NaNs keep their meaning in fast math too.
  if (auto* operation = llvm::dyn_cast<llvm::FPMathOperator>(&instruction)) {
    llvm::FastMathFlags flags = operation->getFastMathFlags();
    flags.setNoInfs(false);
    flags.setNoNaNs(false);
    instruction.copyFastMathFlags(flags);
  }
}

// What a function is, beside its instructions, is for the one who places it to say.
void make_plain(llvm::Function& function) {
  llvm::AttributeMask others;
  for (const llvm::Attribute& attribute : function.getAttributes().getFnAttrs())
    if (attribute.isStringAttribute()) others.addAttribute(attribute.getKindAsString());
  others.addAttribute(llvm::Attribute::NoInline);
  others.addAttribute(llvm::Attribute::OptimizeNone);
  function.removeFnAttrs(others);
  for (llvm::Argument& argument : function.args()) {
    argument.removeAttr(llvm::Attribute::NoAlias);
    argument.removeAttr(llvm::Attribute::NonNull);
    argument.removeAttr(llvm::Attribute::Dereferenceable);
    argument.removeAttr(llvm::Attribute::DereferenceableOrNull);
  }
  if (function.isDeclaration()) return;
  function.setSection("");
  function.setComdat(nullptr);
  function.setCallingConv(llvm::CallingConv::C);
  for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    if (llvm::isa<llvm::AssumeInst>(instruction)) {
      instruction.eraseFromParent();
      continue;
    }
    forget_aliasing(instruction);
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction)) {
      call->setCallingConv(llvm::CallingConv::C);
      for (unsigned i = 0; i < call->arg_size(); ++i) {
        call->removeParamAttr(i, llvm::Attribute::NoAlias);
        call->removeParamAttr(i, llvm::Attribute::NonNull);
        call->removeParamAttr(i, llvm::Attribute::Dereferenceable);
      }
    }
  }
}

void inline_into_kernel(llvm::Module& module, llvm::Function& kernel) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration() || &function == &kernel) continue;
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.addFnAttr(llvm::Attribute::AlwaysInline);
  }
  kernel.setLinkage(llvm::GlobalValue::ExternalLinkage);
  llvm::ModulePassManager passes;
  passes.addPass(llvm::AlwaysInlinerPass(/*InsertLifetimeIntrinsics=*/true));
  passes.addPass(llvm::GlobalDCEPass());
  run_passes(module, std::move(passes));
}

}  // namespace

std::unique_ptr<llvm::Module> parse_module(const std::string& bitcode, llvm::LLVMContext& context) {
  std::string errors;
  context.setDiagnosticHandlerCallBack(remember, &errors);
  auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, "AIR"), context);
  context.setDiagnosticHandlerCallBack(nullptr);
  if (!module)
    throw AirError("the function's bitcode is damaged: " + llvm::toString(module.takeError()));
  llvm::raw_string_ostream out(errors);
  if (!errors.empty() || llvm::verifyModule(**module, &out))
    throw AirError("the function's bitcode is damaged: " + errors);
  return std::move(*module);
}

std::string function_name(const llvm::Module& module) {
  for (const char* kind : kKinds)
    if (const llvm::MDNode* entry = first_node(module, kind))
      if (const llvm::GlobalObject* function = global(*entry, 0)) return function->getName().str();
  return module.getSourceFileName();
}

llvm::Function& kernel_of(const llvm::Module& module) {
  for (const llvm::StringRef kind : kKinds)
    if (kind != kKernel && first_node(module, kind.str()))
      throw AirError("unsupported kind of function '" + kind.substr(4).str() +
                     "'; supported: kernel");
  const llvm::MDNode* entry = first_node(module, kKernel);
  auto* function = entry ? llvm::dyn_cast_or_null<llvm::Function>(global(*entry, 0)) : nullptr;
  if (!function || function->isDeclaration() ||
      module.getNamedMetadata(kKernel)->getNumOperands() != 1)
    throw AirError("the function's metadata is damaged: it names no kernel");
  return *function;
}

void make_plain(llvm::Module& module) {
  check_version(module);
  check_module(module);
  llvm::Function& kernel = kernel_of(module);
  llvm::StripDebugInfo(module);
  for (const char* list : {"llvm.used", "llvm.compiler.used", "llvm.global_dtors"})
    if (auto* variable = module.getNamedGlobal(list)) variable->eraseFromParent();
  for (llvm::Function& function : module) make_plain(function);
  inline_into_kernel(module, kernel);
  guard_private_arrays(kernel);
}

}  // namespace anvil::compiler::air
