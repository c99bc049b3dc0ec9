// paired_products.hpp: sums of two products of bytes or of halfwords, which processors have one
// instruction for.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::simd {

/// Makes calls of primitives, which only this makes, of
///   p.xz + p.yw, where p is the product of unsigned bytes below 128 with signed ones in 16 bits,
///     or signed ones themselves: `__anvil_byte_products(bytes, signed_bytes)`. The bound keeps the
///     sums within 16 bits, where the instruction saturates and they wrap;
///   p.x + p.y, where p is the product of 16 signed bits in 32, or such bits themselves:
///     `__anvil_short_products(a, b)`.
void pair_products(llvm::Function& function);

}  // namespace anvil::compiler::simd
