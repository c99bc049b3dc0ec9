#include "arithmetic.hpp"

#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APSInt.h>
#include <llvm/IR/Instructions.h>

#include <bit>
#include <cmath>

#include "value.hpp"

// All floating-point arithmetic goes through LLVM's software floats, which round once and correctly
// in every format, whatever the processor has.
namespace anvil::oracle {
namespace {

using llvm::APFloat;
using llvm::APInt;
using llvm::APSInt;
using llvm::Instruction;
using llvm::Type;
namespace Intrinsic = llvm::Intrinsic;

constexpr auto kNearest = APFloat::rmNearestTiesToEven;

APFloat to_float(uint64_t word, Type* type) {
  const auto& semantics = type->getFltSemantics();
  return APFloat(semantics, APInt(APFloat::semanticsSizeInBits(semantics), word));
}

uint64_t to_word(const APFloat& value) {
  return value.bitcastToAPInt().getZExtValue();
}

uint64_t float_binary(unsigned opcode, APFloat a, const APFloat& b) {
  switch (opcode) {
    case Instruction::FAdd:
      a.add(b, kNearest);
      break;
    case Instruction::FSub:
      a.subtract(b, kNearest);
      break;
    case Instruction::FMul:
      a.multiply(b, kNearest);
      break;
    case Instruction::FDiv:
      a.divide(b, kNearest);
      break;
    case Instruction::FRem:
      a.mod(b);
      break;
    default:
      throw Fault("unknown floating-point operation");
  }
  return to_word(a);
}

APFloat square_root(const APFloat& a, Type* type) {
  // A double has more than twice the digits of any narrower format (and two more), so that rounding
  // its square root again gives the correctly rounded one (Figueroa, "When is double rounding
  // innocuous?", 1995). The processor's double square root is correct by IEEE 754.
  APFloat wide = a;
  bool inexact;
  wide.convert(APFloat::IEEEdouble(), kNearest, &inexact);
  APFloat root(std::sqrt(wide.convertToDouble()));
  root.convert(type->getFltSemantics(), kNearest, &inexact);
  return root;
}

uint64_t float_to_integer(const APFloat& value, unsigned width, bool is_signed) {
  APSInt result(width, !is_signed);
  bool exact;
  value.convertToInteger(result, APFloat::rmTowardZero, &exact);  // saturates; NaN gives 0
  return result.getZExtValue();
}

std::optional<uint64_t> float_intrinsic(Intrinsic::ID id, llvm::ArrayRef<uint64_t> words,
                                        Type* type) {
  llvm::SmallVector<APFloat, 3> a;
  for (const uint64_t word : words) a.push_back(to_float(word, type));
  const auto rounded = [&](APFloat::roundingMode mode) {
    a[0].roundToIntegral(mode);
    return to_word(a[0]);
  };
  switch (id) {
    case Intrinsic::fma:
    case Intrinsic::fmuladd:
      a[0].fusedMultiplyAdd(a[1], a[2], kNearest);
      return to_word(a[0]);
    case Intrinsic::sqrt:
      return to_word(square_root(a[0], type));
    case Intrinsic::fabs:
      a[0].clearSign();
      return to_word(a[0]);
    case Intrinsic::copysign:
      a[0].copySign(a[1]);
      return to_word(a[0]);
    case Intrinsic::canonicalize:
      return words[0];
    case Intrinsic::floor:
      return rounded(APFloat::rmTowardNegative);
    case Intrinsic::ceil:
      return rounded(APFloat::rmTowardPositive);
    case Intrinsic::trunc:
      return rounded(APFloat::rmTowardZero);
    case Intrinsic::rint:
    case Intrinsic::nearbyint:
    case Intrinsic::roundeven:
      return rounded(kNearest);
    case Intrinsic::round:
      return rounded(APFloat::rmNearestTiesToAway);
    case Intrinsic::minnum:
    case Intrinsic::minimumnum:
      return to_word(llvm::minnum(a[0], a[1]));
    case Intrinsic::maxnum:
    case Intrinsic::maximumnum:
      return to_word(llvm::maxnum(a[0], a[1]));
    case Intrinsic::minimum:
      return to_word(llvm::minimum(a[0], a[1]));
    case Intrinsic::maximum:
      return to_word(llvm::maximum(a[0], a[1]));
    default:
      return std::nullopt;
  }
}

bool in_class(const APFloat& value, uint64_t classes) {
  unsigned own;  // llvm::FPClassTest: from signalling NaN, bit by bit
  const bool negative = value.isNegative();
  if (value.isNaN())
    own = value.isSignaling() ? llvm::fcSNan : llvm::fcQNan;
  else if (value.isInfinity())
    own = negative ? llvm::fcNegInf : llvm::fcPosInf;
  else if (value.isZero())
    own = negative ? llvm::fcNegZero : llvm::fcPosZero;
  else if (value.isDenormal())
    own = negative ? llvm::fcNegSubnormal : llvm::fcPosSubnormal;
  else
    own = negative ? llvm::fcNegNormal : llvm::fcPosNormal;
  return (own & classes) != 0;
}

std::optional<APInt> integer_intrinsic(Intrinsic::ID id, llvm::ArrayRef<uint64_t> words,
                                       unsigned width) {
  llvm::SmallVector<APInt, 3> a;
  for (const uint64_t word : words) a.push_back(APInt(width, low_bits(word, width)));
  const auto count = [&](unsigned bits) { return APInt(width, bits); };
  switch (id) {
    case Intrinsic::ctpop:
      return count(a[0].popcount());
    case Intrinsic::ctlz:
      return count(a[0].countl_zero());
    case Intrinsic::cttz:
      return count(a[0].countr_zero());
    case Intrinsic::bitreverse:
      return a[0].reverseBits();
    case Intrinsic::bswap:
      return a[0].byteSwap();
    case Intrinsic::fshl:
    case Intrinsic::fshr: {
      const APInt both = a[0].concat(a[1]);
      const auto by = static_cast<unsigned>(a[2].urem(width));
      return id == Intrinsic::fshl ? both.shl(by).extractBits(width, width)
                                   : both.lshr(by).trunc(width);
    }
    case Intrinsic::abs:
      return a[0].abs();
    case Intrinsic::smin:
      return a[0].slt(a[1]) ? a[0] : a[1];
    case Intrinsic::smax:
      return a[0].sgt(a[1]) ? a[0] : a[1];
    case Intrinsic::umin:
      return a[0].ult(a[1]) ? a[0] : a[1];
    case Intrinsic::umax:
      return a[0].ugt(a[1]) ? a[0] : a[1];
    case Intrinsic::sadd_sat:
      return a[0].sadd_sat(a[1]);
    case Intrinsic::uadd_sat:
      return a[0].uadd_sat(a[1]);
    case Intrinsic::ssub_sat:
      return a[0].ssub_sat(a[1]);
    case Intrinsic::usub_sat:
      return a[0].usub_sat(a[1]);
    case Intrinsic::sshl_sat:
      return a[0].sshl_sat(a[1]);
    case Intrinsic::ushl_sat:
      return a[0].ushl_sat(a[1]);
    case Intrinsic::ucmp:
    case Intrinsic::scmp: {
      const bool less = id == Intrinsic::ucmp ? a[0].ult(a[1]) : a[0].slt(a[1]);
      return less ? APInt::getAllOnes(width) : APInt(width, a[0] == a[1] ? 0 : 1);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

uint64_t binary(unsigned opcode, uint64_t a, uint64_t b, Type* type,
                const llvm::DataLayout& layout) {
  if (type->isFloatingPointTy()) return float_binary(opcode, to_float(a, type), to_float(b, type));
  const unsigned width = width_of(type, layout);
  const APInt x(width, a), y(width, b);
  const bool divides = opcode == Instruction::UDiv || opcode == Instruction::SDiv ||
                       opcode == Instruction::URem || opcode == Instruction::SRem;
  if (divides && b == 0) throw Fault("division by zero");
  switch (opcode) {
    case Instruction::Add:
      return (x + y).getZExtValue();
    case Instruction::Sub:
      return (x - y).getZExtValue();
    case Instruction::Mul:
      return (x * y).getZExtValue();
    case Instruction::UDiv:
      return x.udiv(y).getZExtValue();
    case Instruction::SDiv:
      return x.sdiv(y).getZExtValue();
    case Instruction::URem:
      return x.urem(y).getZExtValue();
    case Instruction::SRem:
      return x.srem(y).getZExtValue();
    case Instruction::And:
      return a & b;
    case Instruction::Or:
      return a | b;
    case Instruction::Xor:
      return a ^ b;
    default:
      break;
  }
  if (b >= width) throw Fault("a shift by " + std::to_string(b) + " of " + std::to_string(width));
  switch (opcode) {
    case Instruction::Shl:
      return x.shl(y).getZExtValue();
    case Instruction::LShr:
      return x.lshr(y).getZExtValue();
    case Instruction::AShr:
      return x.ashr(y).getZExtValue();
    default:
      throw Fault("unknown integer operation");
  }
}

uint64_t negate(uint64_t a, Type* type) {
  APFloat value = to_float(a, type);
  value.changeSign();
  return to_word(value);
}

bool compare(llvm::CmpInst::Predicate predicate, uint64_t a, uint64_t b, Type* type,
             const llvm::DataLayout& layout) {
  if (type->isFloatingPointTy())
    return llvm::FCmpInst::compare(to_float(a, type), to_float(b, type), predicate);
  const unsigned width = width_of(type, layout);
  return llvm::ICmpInst::compare(APInt(width, a), APInt(width, b), predicate);
}

uint64_t convert(unsigned opcode, uint64_t a, Type* from, Type* to,
                 const llvm::DataLayout& layout) {
  const unsigned width = width_of(to, layout);
  switch (opcode) {
    case Instruction::Trunc:
    case Instruction::ZExt:
    case Instruction::PtrToInt:
    case Instruction::PtrToAddr:
    case Instruction::IntToPtr:
    case Instruction::AddrSpaceCast:
      return low_bits(a, width);
    case Instruction::SExt:
      return low_bits(static_cast<uint64_t>(sign_extend(a, width_of(from, layout))), width);
    case Instruction::FPToUI:
      return float_to_integer(to_float(a, from), width, false);
    case Instruction::FPToSI:
      return float_to_integer(to_float(a, from), width, true);
    case Instruction::UIToFP:
    case Instruction::SIToFP: {
      APFloat result(to->getFltSemantics());
      result.convertFromAPInt(APInt(width_of(from, layout), a), opcode == Instruction::SIToFP,
                              kNearest);
      return to_word(result);
    }
    case Instruction::FPTrunc:
    case Instruction::FPExt: {
      APFloat result = to_float(a, from);
      bool inexact;
      result.convert(to->getFltSemantics(), kNearest, &inexact);
      return to_word(result);
    }
    default:
      throw Fault("unknown conversion");
  }
}

std::optional<uint64_t> intrinsic(Intrinsic::ID id, llvm::ArrayRef<uint64_t> words, Type* result,
                                  Type* first, const llvm::DataLayout& layout) {
  switch (id) {
    case Intrinsic::expect:
    case Intrinsic::launder_invariant_group:
    case Intrinsic::strip_invariant_group:
    case Intrinsic::ptr_annotation:
    case Intrinsic::annotation:
      return words[0];
    case Intrinsic::fptosi_sat:
      return float_to_integer(to_float(words[0], first), width_of(result, layout), true);
    case Intrinsic::fptoui_sat:
      return float_to_integer(to_float(words[0], first), width_of(result, layout), false);
    case Intrinsic::is_fpclass:
      return in_class(to_float(words[0], first), words[1]);
    case Intrinsic::ldexp:
      return to_word(llvm::scalbn(to_float(words[0], first),
                                  static_cast<int>(static_cast<int32_t>(words[1])), kNearest));
    default:
      break;
  }
  if (result->isFloatingPointTy()) return float_intrinsic(id, words, result);
  if (!result->isIntegerTy()) return std::nullopt;
  const auto value = integer_intrinsic(id, words, width_of(first, layout));
  if (!value) return std::nullopt;
  return value->zextOrTrunc(width_of(result, layout)).getZExtValue();
}

std::optional<std::pair<uint64_t, bool>> with_overflow(Intrinsic::ID id, uint64_t a, uint64_t b,
                                                       unsigned width) {
  const APInt x(width, a), y(width, b);
  bool overflow = false;
  APInt result;
  switch (id) {
    case Intrinsic::sadd_with_overflow:
      result = x.sadd_ov(y, overflow);
      break;
    case Intrinsic::uadd_with_overflow:
      result = x.uadd_ov(y, overflow);
      break;
    case Intrinsic::ssub_with_overflow:
      result = x.ssub_ov(y, overflow);
      break;
    case Intrinsic::usub_with_overflow:
      result = x.usub_ov(y, overflow);
      break;
    case Intrinsic::smul_with_overflow:
      result = x.smul_ov(y, overflow);
      break;
    case Intrinsic::umul_with_overflow:
      result = x.umul_ov(y, overflow);
      break;
    default:
      return std::nullopt;
  }
  return std::pair{result.getZExtValue(), overflow};
}

}  // namespace anvil::oracle
