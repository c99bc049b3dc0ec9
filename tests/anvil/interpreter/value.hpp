// value.hpp: the value of a register: the bits of its scalars, vectors and aggregates flattened.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>

#include "memory.hpp"

namespace anvil::oracle {

/// One word a scalar, zero-extended: integers to 64 bits, pointers, floats as their bits.
using Value = llvm::SmallVector<uint64_t, 4>;

/// Scalars in a type.
unsigned scalars_in(llvm::Type* type);
/// Where in the flattened aggregate the member at `path` begins, and its type.
std::pair<unsigned, llvm::Type*> member(llvm::Type* aggregate, llvm::ArrayRef<unsigned> path);

/// Bits of a scalar (a vector's element), and a word's low bits.
unsigned width_of(llvm::Type* type, const llvm::DataLayout& layout);
uint64_t low_bits(uint64_t word, unsigned width);
int64_t sign_extend(uint64_t word, unsigned width);

Value load(const Memory& memory, uint64_t address, llvm::Type* type,
           const llvm::DataLayout& layout);
void store(const Memory& memory, uint64_t address, const Value& value, llvm::Type* type,
           const llvm::DataLayout& layout);

/// Addresses of global variables by name.
using Globals = llvm::DenseMap<const llvm::GlobalValue*, uint64_t>;

/// The value of a constant, constant expressions on addresses included.
Value evaluate(const llvm::Constant& constant, const llvm::DataLayout& layout,
               const Globals& globals);

}  // namespace anvil::oracle
