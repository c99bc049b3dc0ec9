// byte_tables.hpp: loads from constant tables that fit into a vector register, as shuffles of
// bytes.
#pragma once

#include <llvm/IR/Instructions.h>

#include <optional>

namespace anvil::compiler::simd {

/// What a load takes of a constant array of up to 16 bytes.
struct ByteTable {
  llvm::Constant* bytes;  ///< <16 x i8>
  llvm::Value* index;     ///< beyond the array it has no meaning
};
std::optional<ByteTable> byte_table_of(const llvm::LoadInst& load);

/// Vectors of four such loads whose indices are the bytes of a word become one look-up: calls of
/// the primitive `__anvil_look_up(word, table)`, which only this makes.
void look_up_words(llvm::Function& function);

}  // namespace anvil::compiler::simd
