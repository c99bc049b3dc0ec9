#include "anvil/compiler/simd/primitives.hpp"

#include <llvm/ADT/StringSwitch.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/IntrinsicInst.h>

#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::simd {
namespace {

Primitive::Operation operation_of(llvm::StringRef name) {
  using Operation = Primitive::Operation;
  return llvm::StringSwitch<Operation>(name)
      .Case("add", Operation::add)
      .Case("mul", Operation::mul)
      .Case("min", Operation::min)
      .Case("max", Operation::max)
      .Case("and", Operation::bit_and)
      .Case("or", Operation::bit_or)
      .Case("xor", Operation::bit_xor)
      .Default(Operation::none);
}

}  // namespace

std::optional<Primitive> primitive_of(const llvm::CallBase& call) {
  using Kind = Primitive::Kind;
  const llvm::Function* callee = call.getCalledFunction();
  if (!callee) return std::nullopt;
  llvm::StringRef name = callee->getName();
  if (!name.consume_front(kPrimitivePrefix)) return std::nullopt;
  if (name == "ballot") return Primitive{Kind::ballot};
  if (name == "threadgroup_barrier") return Primitive{Kind::threadgroup_barrier};
  if (name == "simdgroup_barrier") return Primitive{Kind::simdgroup_barrier};
  if (name.consume_front("matrix_multiply_")) {
    Primitive primitive{Kind::matrix_multiply};
    if (name.consume_front("lanes_")) name.getAsInteger(10, primitive.lane_bytes);
    return primitive;
  }
  if (name == "look_up") return Primitive{Kind::look_up};
  if (name.starts_with("shuffle_")) return Primitive{Kind::shuffle};

  std::optional<Kind> kind;
  if (name.consume_front("reduce_")) kind = Kind::reduce;
  if (name.consume_front("scan_inclusive_")) kind = Kind::scan_inclusive;
  if (name.consume_front("scan_exclusive_")) kind = Kind::scan_exclusive;
  if (!kind) return std::nullopt;
  const auto [operation, type] = name.split('_');
  Primitive primitive{*kind, operation_of(operation), type.starts_with("i")};
  if (primitive.operation == Primitive::Operation::none) return std::nullopt;
  return primitive;
}

bool is_ignorable(const llvm::Instruction& instruction) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  if (!intrinsic) return false;
  switch (intrinsic->getIntrinsicID()) {
    case llvm::Intrinsic::lifetime_start:
    case llvm::Intrinsic::lifetime_end:
    case llvm::Intrinsic::invariant_start:
    case llvm::Intrinsic::invariant_end:
    case llvm::Intrinsic::experimental_noalias_scope_decl:
    case llvm::Intrinsic::sideeffect:
    case llvm::Intrinsic::pseudoprobe:
      return true;
    default:
      return llvm::isa<llvm::DbgInfoIntrinsic>(intrinsic);
  }
}

}  // namespace anvil::compiler::simd
