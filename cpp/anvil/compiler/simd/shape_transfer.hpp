// shape_transfer.hpp: the shape of an instruction's result from the shapes of its operands.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/Instruction.h>

#include "anvil/compiler/simd/shape_analysis.hpp"

namespace anvil::compiler::simd {

class ShapeTransfer {
 public:
  using ShapeOf = llvm::function_ref<Shape(const llvm::Value*)>;
  ShapeTransfer(OffsetPool& pool, const ScalarAnalyses& analyses, ShapeOf shape_of)
      : pool_(pool), analyses_(analyses), shape_of_(shape_of) {}

  /// Not for phis, which depend on control flow.
  Shape operator()(const llvm::Instruction& instruction);

 private:
  Shape uniform_result(const llvm::Instruction& instruction);
  Shape fold_lanes(const llvm::Instruction& instruction);
  Shape binary(const llvm::BinaryOperator& operation);
  Shape bit_and(const Shape& affine, const llvm::APInt& mask);
  Shape shift_right(const llvm::BinaryOperator& shift, const Shape& affine, uint64_t amount);
  Shape cast(const llvm::CastInst& cast);
  Shape compare(const llvm::ICmpInst& compare);
  Shape address(const llvm::GetElementPtrInst& step);
  Shape call(const llvm::CallBase& call);
  Shape with_offsets(const llvm::Type* type, LaneOffsets offsets, unsigned alignment);

  OffsetPool& pool_;
  const ScalarAnalyses& analyses_;
  ShapeOf shape_of_;
};

/// Known trailing zero bits of a value that is the same in all lanes.
unsigned known_alignment(const llvm::Value& value, const ScalarAnalyses& analyses,
                         const llvm::Instruction* context);

/// x is base + offsets, both operands of an `and`, `or` or `xor` are split at the alignment of x:
/// a constant's bits below belong to the offsets, those above to the base.
bool splits_at_alignment(const Shape& shape);

/// In bits; 64 for pointers.
unsigned width_of(const llvm::Type* type);

/// Whether zext(base) + offset is zext(base + offset) in all active lanes; likewise sext.
bool extends_unsigned(const Shape& shape, const llvm::Type* type);
bool extends_signed(const Shape& shape, const llvm::Type* type);

}  // namespace anvil::compiler::simd
