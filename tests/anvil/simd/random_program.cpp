#include "random_program.hpp"

#include "anvil/abi/kernel_abi.h"

namespace anvil::test {
namespace {

using namespace llvm;

class Generator {
 public:
  Generator(LLVMContext& context, uint32_t seed)
      : module_(std::make_unique<Module>("random", context)), builder_(context), random_(seed) {
    auto* type = FunctionType::get(
        builder_.getVoidTy(), {builder_.getPtrTy(), builder_.getInt32Ty(), builder_.getInt32Ty()},
        false);
    function_ = Function::Create(type, Function::ExternalLinkage, "anvil_scalar_entry", *module_);
  }

  std::unique_ptr<Module> run() {
    BasicBlock* entry = block("entry");
    builder_.SetInsertPoint(entry);
    Value* dispatch = builder_.CreateLoad(builder_.getPtrTy(), function_->getArg(0));
    const auto buffer = [&](unsigned index) {
      return builder_.CreateLoad(builder_.getPtrTy(),
                                 builder_.CreateConstGEP1_32(builder_.getPtrTy(), dispatch, index));
    };
    input_ = buffer(ProgramBuffers::kInput);
    lane_ = function_->getArg(2);
    output_ = builder_.CreateGEP(builder_.getInt32Ty(), buffer(ProgramBuffers::kOutput),
                                 builder_.CreateMul(lane_, number(ProgramBuffers::kOutputWords)));
    columns_ = builder_.CreateGEP(builder_.getInt32Ty(), buffer(ProgramBuffers::kColumns), lane_);
    scratch_ = builder_.CreateAlloca(ArrayType::get(builder_.getInt32Ty(), 8));
    for (unsigned i = 0; i < 8; ++i) builder_.CreateStore(number(i), element(scratch_, number(i)));
    fuel_ = builder_.CreateAlloca(builder_.getInt32Ty());
    builder_.CreateStore(number(40), fuel_);
    for (AllocaInst*& variable : variables_) {
      variable = builder_.CreateAlloca(builder_.getInt32Ty());
      builder_.CreateStore(pick(3) ? lane_ : input_at(number(pick(64))), variable);
    }
    for (AllocaInst*& variable : uniforms_) {
      variable = builder_.CreateAlloca(builder_.getInt32Ty());
      builder_.CreateStore(pick(2) ? number(pick(50)) : input_at(number(pick(64))), variable);
    }
    for (AllocaInst*& variable : floats_) {
      variable = builder_.CreateAlloca(builder_.getFloatTy());
      builder_.CreateStore(builder_.CreateUIToFP(lane_, builder_.getFloatTy()), variable);
    }

    const unsigned count = 2 + pick(10);
    for (unsigned i = 0; i < count; ++i) blocks_.push_back(block("b"));
    BasicBlock* exit = block("exit");
    builder_.CreateBr(blocks_.front());
    for (unsigned i = 0; i < count; ++i) {
      builder_.SetInsertPoint(blocks_[i]);
      for (unsigned n = 1 + pick(5); n > 0; --n) statement();
      terminator(i, exit);
    }
    builder_.SetInsertPoint(exit);
    for (unsigned i = 0; i < std::size(variables_); ++i)
      builder_.CreateStore(get(variables_[i]), element(output_, number(i)));
    for (unsigned i = 0; i < std::size(floats_); ++i) {
      Value* bits = builder_.CreateBitCast(builder_.CreateLoad(builder_.getFloatTy(), floats_[i]),
                                           builder_.getInt32Ty());
      builder_.CreateStore(bits, column(number(i)));
    }
    builder_.CreateRetVoid();
    return std::move(module_);
  }

 private:
  unsigned pick(unsigned below) { return unsigned(random_() % below); }
  ConstantInt* number(uint32_t value) { return builder_.getInt32(value); }
  BasicBlock* block(const Twine& name) {
    return BasicBlock::Create(module_->getContext(), name, function_);
  }
  Value* get(AllocaInst* variable) { return builder_.CreateLoad(builder_.getInt32Ty(), variable); }
  Value* element(Value* base, Value* index) {
    return builder_.CreateGEP(builder_.getInt32Ty(), base, {index});
  }
  Value* column(Value* index) {
    return element(columns_, builder_.CreateMul(index, number(ANVIL_SIMD_WIDTH)));
  }
  Value* input_at(Value* index) {
    return builder_.CreateLoad(builder_.getInt32Ty(), element(input_, index));
  }
  AllocaInst* variable() { return variables_[pick(std::size(variables_))]; }
  AllocaInst* uniform() { return uniforms_[pick(std::size(uniforms_))]; }
  AllocaInst* real() { return floats_[pick(std::size(floats_))]; }

  /// Uniform, affine or varying.
  Value* integer() {
    switch (pick(6)) {
      case 0:
        return number(pick(20));
      case 1:
        return lane_;
      case 2:
        return get(uniform());
      default:
        return get(variable());
    }
  }

  Value* arithmetic(Value* a, Value* b) {
    switch (pick(14)) {
      case 0:
        return builder_.CreateAdd(a, b);
      case 1:
        return builder_.CreateSub(a, b);
      case 2:
        return builder_.CreateMul(a, number(1 + pick(9)));
      case 3:
        return builder_.CreateXor(a, b);
      case 4:
        return builder_.CreateLShr(a, number(pick(6)));
      case 5:
        return builder_.CreateAShr(a, number(pick(6)));
      case 6:
        return builder_.CreateShl(a, number(pick(6)));
      case 7:
        return builder_.CreateAnd(a, number((1u << pick(8)) - 1));
      case 8:
        return builder_.CreateUDiv(a, builder_.CreateOr(b, number(1)));
      case 9:
        return builder_.CreateSRem(
            a, builder_.CreateOr(builder_.CreateAnd(b, number(0xff)), number(1)));
      case 10:
        return builder_.CreateSelect(condition(), a, b);
      case 11:
        return builder_.CreateOr(a, number(pick(64)));
      case 12:
        return builder_.CreateBinaryIntrinsic(pick(2) ? Intrinsic::umin : Intrinsic::smax, a, b);
      default: {
        Type* narrow = builder_.getIntNTy(pick(2) ? 8 : 16);
        Value* small = builder_.CreateTrunc(builder_.CreateAdd(a, b), narrow);
        return pick(2) ? builder_.CreateZExt(small, builder_.getInt32Ty())
                       : builder_.CreateSExt(small, builder_.getInt32Ty());
      }
    }
  }

  Value* condition() {
    static constexpr CmpInst::Predicate kPredicates[] = {
        CmpInst::ICMP_ULT, CmpInst::ICMP_SLT, CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,
        CmpInst::ICMP_UGE, CmpInst::ICMP_SGT, CmpInst::ICMP_ULE, CmpInst::ICMP_SGE};
    const CmpInst::Predicate predicate = kPredicates[pick(std::size(kPredicates))];
    switch (pick(4)) {
      case 0:  // uniform
        return builder_.CreateICmp(predicate, get(uniform()), number(pick(40)));
      case 1:
        return builder_.CreateICmp(predicate, lane_, get(uniform()));
      default:
        return builder_.CreateICmp(predicate, builder_.CreateAnd(integer(), number(31)),
                                   number(pick(32)));
    }
  }

  void statement() {
    switch (pick(12)) {
      case 0:
        builder_.CreateStore(input_at(builder_.CreateAnd(integer(), number(127))), variable());
        return;
      case 1:  // adjacent, or a pattern of lanes
        builder_.CreateStore(
            input_at(builder_.CreateAdd(builder_.CreateAnd(get(uniform()), number(63)),
                                        arithmetic_of_lane())),
            variable());
        return;
      case 2:
        builder_.CreateStore(builder_.CreateAdd(get(uniform()), number(pick(5))), uniform());
        return;
      case 3:
        builder_.CreateStore(get(variable()),
                             element(output_, builder_.CreateAnd(integer(), number(15))));
        return;
      case 4:
        builder_.CreateStore(get(variable()), column(number(pick(16))));
        return;
      case 5:
        builder_.CreateStore(get(variable()),
                             element(scratch_, builder_.CreateAnd(integer(), number(7))));
        return;
      case 6:
        builder_.CreateStore(
            builder_.CreateLoad(builder_.getInt32Ty(),
                                element(scratch_, builder_.CreateAnd(integer(), number(7)))),
            variable());
        return;
      case 7: {  // sub-word memory
        Type* narrow = builder_.getIntNTy(pick(2) ? 8 : 16);
        Value* place = builder_.CreateGEP(
            narrow, input_, builder_.CreateAnd(builder_.CreateAdd(lane_, integer()), number(127)));
        builder_.CreateStore(
            builder_.CreateZExt(builder_.CreateLoad(narrow, place), builder_.getInt32Ty()),
            variable());
        return;
      }
      case 8: {
        AllocaInst* to = real();
        Value* a = builder_.CreateLoad(builder_.getFloatTy(), real());
        Value* b = builder_.CreateSIToFP(integer(), builder_.getFloatTy());
        builder_.CreateStore(pick(2) ? builder_.CreateFAdd(a, b) : builder_.CreateFMul(a, b), to);
        return;
      }
      case 9: {  // short vectors: lanes read four words each
        auto* quad = FixedVectorType::get(builder_.getInt32Ty(), 4);
        Value* place = element(
            input_, builder_.CreateMul(builder_.CreateAnd(integer(), number(31)), number(4)));
        Value* four = builder_.CreateAlignedLoad(quad, place, Align(4));
        four = builder_.CreateAdd(four, builder_.CreateVectorSplat(4, integer()));
        four = builder_.CreateInsertElement(four, integer(), pick(4));
        builder_.CreateStore(builder_.CreateXor(builder_.CreateExtractElement(four, pick(4)),
                                                builder_.CreateExtractElement(four, pick(4))),
                             variable());
        return;
      }
      default:
        builder_.CreateStore(arithmetic(integer(), integer()), variable());
    }
  }

  Value* arithmetic_of_lane() {
    switch (pick(6)) {
      case 0:
        return builder_.CreateLShr(lane_, number(pick(4)));
      case 1:
        return builder_.CreateAnd(lane_, number((1u << pick(5)) - 1));
      case 2:
        return builder_.CreateMul(lane_, number(1 + pick(3)));
      case 3:
        return builder_.CreateXor(lane_, number(pick(32)));
      case 4:
        return builder_.CreateSub(number(31), lane_);
      default:
        return lane_;
    }
  }

  void terminator(unsigned index, BasicBlock* exit) {
    const auto target = [&]() -> BasicBlock* {
      // Mostly forwards, sometimes back, sometimes out.
      if (pick(12) == 0) return exit;
      const unsigned ahead = unsigned(blocks_.size()) - index - 1;
      if (pick(3) && ahead) return blocks_[index + 1 + pick(std::min(ahead, 3u))];
      if (pick(3)) return ahead ? blocks_[index + 1] : exit;
      return blocks_[pick(unsigned(blocks_.size()))];
    };
    Value* left = builder_.CreateSub(get(fuel_), number(1));
    builder_.CreateStore(left, fuel_);
    BasicBlock* go_on = block("on");
    builder_.CreateCondBr(builder_.CreateICmpEQ(left, number(0)), exit, go_on);
    builder_.SetInsertPoint(go_on);
    switch (pick(5)) {
      case 0:
        builder_.CreateBr(target());
        return;
      case 1: {
        SwitchInst* choice =
            builder_.CreateSwitch(builder_.CreateAnd(integer(), number(7)), target());
        for (unsigned i = 0; i < 3; ++i) choice->addCase(number(pick(3) + 3 * i), target());
        return;
      }
      default:
        builder_.CreateCondBr(condition(), target(), target());
    }
  }

  std::unique_ptr<Module> module_;
  IRBuilder<> builder_;
  std::mt19937 random_;
  Function* function_;
  Value *input_, *output_, *columns_, *lane_;
  AllocaInst *scratch_, *fuel_;
  AllocaInst *variables_[4], *uniforms_[2], *floats_[2];
  std::vector<BasicBlock*> blocks_;
};

}  // namespace

std::unique_ptr<Module> random_program(LLVMContext& context, uint32_t seed) {
  return Generator(context, seed).run();
}

}  // namespace anvil::test
