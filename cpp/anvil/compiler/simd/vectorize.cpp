#include "anvil/compiler/simd/vectorize.hpp"

#include <llvm/IR/ConstantRange.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "anvil/compiler/simd/adjacent_loads.hpp"
#include "anvil/compiler/simd/adjacent_stores.hpp"
#include "anvil/compiler/simd/byte_tables.hpp"
#include "anvil/compiler/simd/clean_up.hpp"
#include "anvil/compiler/simd/emitter.hpp"
#include "anvil/compiler/simd/prepare.hpp"
#include "anvil/compiler/simd/vector_elements.hpp"
#include "anvil/compiler/simd/vector_sums.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

bool failure(Remarks& remarks, const Twine& what) {
  remarks.push_back({Remark::Kind::failure, "vectoriser: " + what.str(), {}, 0});
  return false;
}

bool verified(Function& function, StringRef when, Remarks& remarks) {
  std::string problem;
  raw_string_ostream stream(problem);
  if (!verifyFunction(function, &stream)) return true;
  return failure(remarks, "broken function " + when + ": " + problem);
}

Function& declare_entry(Module& module, const Function& scalar, const TargetMachine* target) {
  LLVMContext& context = module.getContext();
  auto* type = FunctionType::get(Type::getVoidTy(context),
                                 {PointerType::get(context, 0), Type::getInt32Ty(context)}, false);
  Function* entry =
      Function::Create(type, GlobalValue::ExternalLinkage, ANVIL_ENTRY_SYMBOL, module);
  AttributeSet attributes = scalar.getAttributes().getFnAttrs();
  for (const auto kind : {Attribute::Convergent, Attribute::AlwaysInline, Attribute::Memory,
                          Attribute::OptimizeNone, Attribute::NoInline})
    attributes = attributes.removeAttribute(context, kind);
  entry->setAttributes(AttributeList::get(context, attributes, {}, {}));
  // Without it LLVM keeps to 256 bits even where 512 are there.
  if (simd::Abilities(scalar, target).wide) {
    entry->addFnAttr("prefer-vector-width", "512");
    entry->addFnAttr("min-legal-vector-width", "512");
  }
  entry->addFnAttr(Attribute::NoUnwind);
  entry->setSubprogram(scalar.getSubprogram());
  const unsigned most = ANVIL_MAX_THREADS_PER_THREADGROUP / ANVIL_SIMD_WIDTH;
  entry->getArg(1)->addAttr(
      Attribute::get(context, Attribute::Range, ConstantRange(APInt(32, 0), APInt(32, most))));
  entry->getArg(0)->setName("tg");
  entry->getArg(1)->setName("simdgroup");
  return *entry;
}

}  // namespace

bool vectorize(Module& module, const VectorizeOptions& options, Remarks& remarks) {
  using namespace simd;
  Function* scalar = module.getFunction(kScalarEntry);
  if (!scalar || scalar->isDeclaration() || scalar->arg_size() != 3 ||
      !scalar->getReturnType()->isVoidTy())
    return failure(remarks,
                   Twine("the module has no void ") + kScalarEntry + "(tg, simdgroup, lane)");
  prepare(*scalar);
  const Abilities abilities(*scalar, options.target);
  if (abilities.shuffled_bytes) look_up_words(*scalar);
  compute_elements(*scalar);
  merge_adjacent_loads(*scalar);
  sum_vectors_first(*scalar);
  // Elsewhere there is no storing of a part of them under a mask.
  if (abilities.wide) merge_adjacent_stores(*scalar);
  if (options.verify && !verified(*scalar, "before vectorisation", remarks)) return false;

  Function& entry = declare_entry(module, *scalar, options.target);
  {
    const ScalarAnalyses analyses(*scalar);
    const ShapeAnalysis shapes(analyses, *scalar->getArg(2));
    const ZonePlan plan(analyses, shapes);
    if (!Emitter(*scalar, entry, analyses, shapes, plan, options, remarks).run()) return false;
  }
  scalar->eraseFromParent();
  if (options.verify && !verified(entry, "after vectorisation", remarks)) return false;
  if (options.clean_up) clean_up(entry, options.target);
  return true;
}

}  // namespace anvil::compiler::simd
