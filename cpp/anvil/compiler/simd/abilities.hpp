// abilities.hpp: what the vectoriser must know of a CPU's vector instructions.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/Target/TargetMachine.h>

namespace anvil::compiler::simd {

struct Abilities {
  /// `target` may be null: the least of the function's architecture.
  Abilities(const llvm::Function& function, const llvm::TargetMachine* target);

  /// Registers of 512 bits, with gathers and scatters that beat one access per lane (AVX-512;
  /// AVX2's gathers don't).
  bool wide = false;
  /// Of a vector register.
  unsigned register_bytes = 16;
  /// Gathers under a mask, which beat a loop over the active lanes (AVX2's too).
  bool masked_gathers = false;
  /// The narrowest elements, in bits, that loads and stores under a mask take; 0: none do (NEON).
  unsigned masked_bits = 0;
  /// A mask moves between a vector and a scalar register in an instruction or two.
  bool mask_moves = false;
  /// Of the widest instruction that takes each byte out of a table of 16; 0: there is none.
  unsigned shuffled_bytes = 0;

  /// Whether elements of a type have loads and stores under a mask.
  bool masks(const llvm::DataLayout& layout, llvm::Type* accessed) const {
    return masked_bits && layout.getTypeSizeInBits(accessed->getScalarType()) >= masked_bits;
  }
};

}  // namespace anvil::compiler::simd
