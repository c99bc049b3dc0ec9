// free_sums.hpp: sums of products whose terms may be added in any order.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Operator.h>

namespace anvil::compiler {

struct FreeSum {
  struct Product {
    llvm::Value *left, *right;
    llvm::Instruction* at;  ///< where it is formed, by itself or with a sum
  };
  llvm::FastMathFlags flags = llvm::FastMathFlags::getFast();  ///< that all of it has
  llvm::SmallVector<llvm::Value*, 8> plain;                    ///< terms that are no products
  llvm::SmallVector<Product, 16> products;
};

/// An fadd or fma of free order, of numbers or of vectors, which is not itself a term of another.
bool is_whole_free_sum(const llvm::Instruction& instruction);

/// The terms of a whole sum, down to those that others use too or that other blocks form.
FreeSum terms_of(llvm::Instruction& whole);

}  // namespace anvil::compiler
