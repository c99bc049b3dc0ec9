#include "anvil/compiler/air/checks.hpp"

#include <llvm/ADT/DenseSet.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler::air {
namespace {

[[noreturn]] void refuse(const std::string& what, llvm::StringRef name = "") {
  throw AirError("unsupported " + what + (name.empty() ? "" : " '" + name.str() + "'") +
                 "; supported: functions that compute, as Metal's compiler writes them");
}

bool computes(const llvm::Instruction& instruction) {
  if (instruction.isBinaryOp() || instruction.isUnaryOp() || instruction.isCast()) return true;
  switch (instruction.getOpcode()) {
    case llvm::Instruction::Alloca:
    case llvm::Instruction::AtomicCmpXchg:
    case llvm::Instruction::AtomicRMW:
    case llvm::Instruction::Br:
    case llvm::Instruction::Call:
    case llvm::Instruction::ExtractElement:
    case llvm::Instruction::ExtractValue:
    case llvm::Instruction::FCmp:
    case llvm::Instruction::Fence:
    case llvm::Instruction::Freeze:
    case llvm::Instruction::GetElementPtr:
    case llvm::Instruction::ICmp:
    case llvm::Instruction::InsertElement:
    case llvm::Instruction::InsertValue:
    case llvm::Instruction::Load:
    case llvm::Instruction::PHI:
    case llvm::Instruction::Ret:
    case llvm::Instruction::Select:
    case llvm::Instruction::ShuffleVector:
    case llvm::Instruction::Store:
    case llvm::Instruction::Switch:
    case llvm::Instruction::Unreachable:
      return true;
    default:
      return false;
  }
}

bool computes(llvm::Intrinsic::ID intrinsic) {
  switch (intrinsic) {
    case llvm::Intrinsic::abs:
    case llvm::Intrinsic::assume:
    case llvm::Intrinsic::bitreverse:
    case llvm::Intrinsic::bswap:
    case llvm::Intrinsic::canonicalize:
    case llvm::Intrinsic::ceil:
    case llvm::Intrinsic::copysign:
    case llvm::Intrinsic::ctlz:
    case llvm::Intrinsic::ctpop:
    case llvm::Intrinsic::cttz:
    case llvm::Intrinsic::dbg_assign:
    case llvm::Intrinsic::dbg_declare:
    case llvm::Intrinsic::dbg_label:
    case llvm::Intrinsic::dbg_value:
    case llvm::Intrinsic::expect:
    case llvm::Intrinsic::experimental_noalias_scope_decl:
    case llvm::Intrinsic::fabs:
    case llvm::Intrinsic::floor:
    case llvm::Intrinsic::fma:
    case llvm::Intrinsic::fmuladd:
    case llvm::Intrinsic::fshl:
    case llvm::Intrinsic::fshr:
    case llvm::Intrinsic::invariant_end:
    case llvm::Intrinsic::invariant_start:
    case llvm::Intrinsic::is_fpclass:
    case llvm::Intrinsic::lifetime_end:
    case llvm::Intrinsic::lifetime_start:
    case llvm::Intrinsic::maximum:
    case llvm::Intrinsic::maxnum:
    case llvm::Intrinsic::memcpy:
    case llvm::Intrinsic::memmove:
    case llvm::Intrinsic::memset:
    case llvm::Intrinsic::minimum:
    case llvm::Intrinsic::minnum:
    case llvm::Intrinsic::nearbyint:
    case llvm::Intrinsic::rint:
    case llvm::Intrinsic::round:
    case llvm::Intrinsic::roundeven:
    case llvm::Intrinsic::sadd_sat:
    case llvm::Intrinsic::sadd_with_overflow:
    case llvm::Intrinsic::scmp:
    case llvm::Intrinsic::smax:
    case llvm::Intrinsic::smin:
    case llvm::Intrinsic::smul_with_overflow:
    case llvm::Intrinsic::sqrt:
    case llvm::Intrinsic::sshl_sat:
    case llvm::Intrinsic::ssub_sat:
    case llvm::Intrinsic::ssub_with_overflow:
    case llvm::Intrinsic::trunc:
    case llvm::Intrinsic::uadd_sat:
    case llvm::Intrinsic::uadd_with_overflow:
    case llvm::Intrinsic::ucmp:
    case llvm::Intrinsic::umax:
    case llvm::Intrinsic::umin:
    case llvm::Intrinsic::umul_with_overflow:
    case llvm::Intrinsic::ushl_sat:
    case llvm::Intrinsic::usub_sat:
    case llvm::Intrinsic::usub_with_overflow:
    case llvm::Intrinsic::vector_reduce_add:
    case llvm::Intrinsic::vector_reduce_and:
    case llvm::Intrinsic::vector_reduce_fadd:
    case llvm::Intrinsic::vector_reduce_fmax:
    case llvm::Intrinsic::vector_reduce_fmin:
    case llvm::Intrinsic::vector_reduce_fmul:
    case llvm::Intrinsic::vector_reduce_mul:
    case llvm::Intrinsic::vector_reduce_or:
    case llvm::Intrinsic::vector_reduce_smax:
    case llvm::Intrinsic::vector_reduce_smin:
    case llvm::Intrinsic::vector_reduce_umax:
    case llvm::Intrinsic::vector_reduce_umin:
    case llvm::Intrinsic::vector_reduce_xor:
      return true;
    default:
      return false;
  }
}

class TypeCheck {
 public:
  void check(llvm::Type* type) {
    if (!seen_.insert(type).second) return;
    if (auto* pointer = llvm::dyn_cast<llvm::PointerType>(type)) {
      if (pointer->getAddressSpace() > 3)
        refuse("address space", std::to_string(pointer->getAddressSpace()));
    } else if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
      if (vector->getNumElements() > 64)
        refuse("vector of elements", std::to_string(vector->getNumElements()));
    } else if (auto* integer = llvm::dyn_cast<llvm::IntegerType>(type)) {
      if (integer->getBitWidth() > 128)
        refuse("integer of bits", std::to_string(integer->getBitWidth()));
    } else if (type->isDoubleTy()) {
      refuse("type", "double");
    } else if (!type->isVoidTy() && !type->isHalfTy() && !type->isBFloatTy() &&
               !type->isFloatTy() && !type->isLabelTy() && !type->isMetadataTy() &&
               !type->isArrayTy() && !type->isFunctionTy() && !type->isStructTy()) {
      refuse("type of values");
    }
    for (llvm::Type* inner : type->subtypes()) check(inner);
  }

 private:
  llvm::DenseSet<llvm::Type*> seen_;
};

}  // namespace

void check_module(const llvm::Module& module) {
  TypeCheck types;
  if (!module.getModuleInlineAsm().empty()) refuse("assembly");
  for (const llvm::GlobalAlias& alias : module.aliases()) refuse("alias", alias.getName());
  for (const llvm::GlobalIFunc& choice : module.ifuncs())
    refuse("indirect function", choice.getName());
  for (const llvm::GlobalVariable& variable : module.globals()) {
    if (variable.isThreadLocal()) refuse("thread-local variable", variable.getName());
    if (variable.getAddressSpace() > 3) refuse("address space of variable", variable.getName());
    types.check(variable.getValueType());
  }
  for (const llvm::Function& function : module) {
    if (function.hasGC() || function.hasPersonalityFn() || function.hasPrefixData() ||
        function.hasPrologueData() || function.isVarArg() ||
        function.hasFnAttribute(llvm::Attribute::Naked))
      refuse("kind of function", function.getName());
    types.check(function.getFunctionType());
    if (function.isIntrinsic()) {
      if (!function.use_empty() && !computes(function.getIntrinsicID()))
        refuse("function", function.getName());
      continue;
    }
    for (const llvm::Instruction& instruction : llvm::instructions(function)) {
      if (!computes(instruction)) refuse("instruction", instruction.getOpcodeName());
      types.check(instruction.getType());
      if (const auto* local = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
        types.check(local->getAllocatedType());
      if (const auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction))
        types.check(address->getSourceElementType());
      for (const llvm::Use& operand : instruction.operands()) types.check(operand->getType());
      if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
          call && call->isInlineAsm())
        refuse("assembly in function", function.getName());
    }
  }
}

}  // namespace anvil::compiler::air
