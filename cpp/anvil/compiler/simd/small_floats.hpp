// small_floats.hpp: arithmetic on half and bfloat, in float.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::simd {

/// The floor of the CPU targets converts between half and float (F16C) and does nothing else with
/// half; bfloat has nothing at all. Every operation on them becomes one on float between
/// conversions, which rounds correctly for + - * / and sqrt (float has more than 2p + 2 bits);
/// bfloat conversions become integer operations, so that none ends up as a library call.
void expand_small_floats(llvm::Function& function);

}  // namespace anvil::compiler::simd
