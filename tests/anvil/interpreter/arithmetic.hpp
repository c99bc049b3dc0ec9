// arithmetic.hpp: what one instruction computes on one scalar: IEEE 754 to the last bit.
#pragma once

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Intrinsics.h>

#include <cstdint>
#include <optional>

namespace anvil::oracle {

/// Words are as in value.hpp; `type` is the scalars' type.
uint64_t binary(unsigned opcode, uint64_t a, uint64_t b, llvm::Type* type,
                const llvm::DataLayout& layout);
uint64_t negate(uint64_t a, llvm::Type* type);
bool compare(llvm::CmpInst::Predicate predicate, uint64_t a, uint64_t b, llvm::Type* type,
             const llvm::DataLayout& layout);
uint64_t convert(unsigned opcode, uint64_t a, llvm::Type* from, llvm::Type* to,
                 const llvm::DataLayout& layout);

/// A lane-wise intrinsic on scalars; nothing when it is not one that is known. `result` is the
/// scalar result type, `first` the first argument's.
std::optional<uint64_t> intrinsic(llvm::Intrinsic::ID id, llvm::ArrayRef<uint64_t> arguments,
                                  llvm::Type* result, llvm::Type* first,
                                  const llvm::DataLayout& layout);

/// For intrinsics with overflow: the wrapped result and whether it wrapped.
std::optional<std::pair<uint64_t, bool>> with_overflow(llvm::Intrinsic::ID id, uint64_t a,
                                                       uint64_t b, unsigned width);

}  // namespace anvil::oracle
