#include "anvil/compiler/simd/abilities.hpp"

#include <llvm/IR/Module.h>
#include <llvm/MC/MCSubtargetInfo.h>

namespace anvil::compiler::simd {

Abilities::Abilities(const llvm::Function& function, const llvm::TargetMachine* target) {
  if (!function.getParent()->getTargetTriple().isX86()) return;
  const auto has = [&](llvm::StringRef features) {
    return target && target->getMCSubtargetInfo()->checkFeatures(features);
  };
  wide = has("+avx512f");
  register_bytes = wide ? 64 : has("+avx") ? 32 : 16;
  masked_gathers = wide || has("+avx2,+fast-gather");
  masked_bits = has("+avx512bw,+avx512vl") ? 8 : 32;
  mask_moves = true;
}

}  // namespace anvil::compiler::simd
