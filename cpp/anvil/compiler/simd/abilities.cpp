#include "anvil/compiler/simd/abilities.hpp"

#include <llvm/IR/Module.h>
#include <llvm/MC/MCSubtargetInfo.h>

namespace anvil::compiler::simd {

Abilities::Abilities(const llvm::Function& function, const llvm::TargetMachine* target) {
  const llvm::Triple& triple = function.getParent()->getTargetTriple();
  if (triple.isAArch64()) shuffled_bytes = 16;
  if (!triple.isX86()) return;
  const auto has = [&](llvm::StringRef features) {
    return target && target->getMCSubtargetInfo()->checkFeatures(features);
  };
  wide = has("+avx512f");
  register_bytes = wide ? 64 : has("+avx") ? 32 : 16;
  masked_gathers = wide || has("+avx2,+fast-gather");
  masked_bits = has("+avx512bw,+avx512vl") ? 8 : 32;
  mask_moves = true;
  shuffled_bytes = has("+avx512bw") ? 64 : has("+avx2") ? 32 : 0;
}

}  // namespace anvil::compiler::simd
