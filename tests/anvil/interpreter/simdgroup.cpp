#include "simdgroup.hpp"

#include <llvm/IR/GetElementPtrTypeIterator.h>
#include <llvm/Support/raw_ostream.h>

#include <cstring>
#include <tuple>

#include "arithmetic.hpp"
#include "matrix.hpp"

namespace anvil::oracle {
namespace {

using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

std::string print(const llvm::Instruction& instruction) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << instruction;
  if (const auto& where = instruction.getDebugLoc()) out << " (line " << where.getLine() << ")";
  return text;
}

llvm::StringRef callee_name(const llvm::CallBase& call) {
  const llvm::Function* callee = call.getCalledFunction();
  return callee ? callee->getName() : "";
}

bool is_primitive(const llvm::Instruction* instruction) {
  const auto* call = dyn_cast<llvm::CallBase>(instruction);
  return call && callee_name(*call).starts_with("__anvil_");
}

bool is_threadgroup_barrier(const llvm::Instruction* instruction) {
  const auto* call = dyn_cast<llvm::CallBase>(instruction);
  return call && callee_name(*call) == "__anvil_threadgroup_barrier";
}

}  // namespace

Simdgroup::Simdgroup(const Code& code, Memory& memory, uint64_t threadgroup, uint32_t number)
    : code_(code), memory_(memory) {
  for (uint32_t l = 0; l < lanes_.size(); ++l) {
    lanes_[l].next = &code.function.getEntryBlock().front();
    const Value arguments[] = {{threadgroup}, {number}, {l}};
    for (unsigned i = 0; i < 3; ++i) lanes_[l].registers[code.function.getArg(i)] = arguments[i];
  }
}

Simdgroup::Stop Simdgroup::run() {
  for (auto& lane : lanes_)
    if (lane.at_barrier) lane.next = lane.next->getNextNode();
  for (auto& lane : lanes_) lane.at_barrier = false;
  for (bool waiting = false;;) {
    const uint32_t active = earliest();
    if (active == 0) return waiting ? Stop::at_barrier : Stop::at_end;
    const Lane& first = lanes_[static_cast<size_t>(__builtin_ctz(active))];
    if (first.at_latch) {
      for (uint32_t l = 0; l < lanes_.size(); ++l)
        if (active >> l & 1) lanes_[l].at_latch = false;
      continue;
    }
    const llvm::Instruction* at = first.next;
    try {
      // Some lanes are at a barrier: the others must be on their way out of the kernel.
      if (waiting && is_primitive(at))
        throw Fault("divergent control flow around a barrier: lanes");
      if (is_threadgroup_barrier(at)) {
        waiting = true;
        for (uint32_t l = 0; l < lanes_.size(); ++l) lanes_[l].at_barrier = active >> l & 1;
      } else {
        step(active);
      }
    } catch (const Fault& fault) {
      throw Fault(std::string(fault.what()) + " at" + print(*at));
    }
  }
}

unsigned Simdgroup::place(const Lane& lane) const {
  const llvm::BasicBlock* block = lane.next->getParent();
  return (lane.at_latch ? code_.order.latches : code_.order.blocks).at(block);
}

/// The lanes that wait at the earliest place of all, but for those at a barrier.
uint32_t Simdgroup::earliest() const {
  const Lane* first = nullptr;
  uint32_t lanes = 0;
  for (uint32_t l = 0; l < lanes_.size(); ++l) {
    const Lane& lane = lanes_[l];
    if (!lane.next || lane.at_barrier) continue;
    const bool earlier = !first || place(lane) < place(*first) ||
                         (place(lane) == place(*first) && lane.next != first->next &&
                          lane.next->comesBefore(first->next));
    if (earlier) {
      first = &lane;
      lanes = 0;
    }
    if (place(lane) == place(*first) && lane.next == first->next) lanes |= uint32_t{1} << l;
  }
  return lanes;
}

void Simdgroup::step(uint32_t active) {
  const llvm::Instruction* at = lanes_[static_cast<size_t>(__builtin_ctz(active))].next;
  if (const auto* call = dyn_cast<llvm::CallBase>(at); call && step_together(*call, active)) return;
  for (uint32_t l = 0; l < lanes_.size(); ++l)
    if (active >> l & 1) step_lane(lanes_[l]);
}

bool Simdgroup::step_together(const llvm::CallBase& call, uint32_t active) {
  llvm::StringRef name = callee_name(call);
  if (!name.starts_with("__anvil_")) return false;
  const bool is_product = name.consume_front("__anvil_matrix_multiply_");
  Lanes first{}, second{};
  for (uint32_t l = 0; l < lanes_.size(); ++l) {
    if (!(active >> l & 1)) continue;
    if (call.arg_size() > 0) first[l] = word(lanes_[l], call.getArgOperand(0));
    if (call.arg_size() > 1) second[l] = word(lanes_[l], call.getArgOperand(1));
  }
  if (is_product) {
    llvm::SmallVector<uint64_t, 13> arguments;
    const Lane& lane = lanes_[static_cast<size_t>(__builtin_ctz(active))];
    for (const auto& argument : call.args()) arguments.push_back(word(lane, argument));
    multiply_matrices(memory_, name, first, arguments);
  }
  // Lanes are in step as it is, and nobody hears them.
  const bool is_silent = is_product || name == "__anvil_simdgroup_barrier" || name == "__anvil_log";
  const auto result = collective(name, active, first, second);
  if (!is_silent && !result) throw Fault("unknown primitive " + name.str());
  for (uint32_t l = 0; l < lanes_.size(); ++l) {
    if (!(active >> l & 1)) continue;
    if (!is_silent) {
      const unsigned width = width_of(call.getType(), code_.layout);
      lanes_[l].registers[&call] = {low_bits((*result)[l], width)};
    }
    lanes_[l].next = call.getNextNode();
  }
  return true;
}

void Simdgroup::step_lane(Lane& lane) {
  const llvm::Instruction& at = *lane.next;
  if (const auto* branch = dyn_cast<llvm::BranchInst>(&at)) {
    const bool taken = !branch->isConditional() || (word(lane, branch->getCondition()) & 1);
    jump(lane, branch->getSuccessor(taken ? 0 : 1));
  } else if (const auto* choice = dyn_cast<llvm::SwitchInst>(&at)) {
    const uint64_t value = word(lane, choice->getCondition());
    const llvm::BasicBlock* to = choice->getDefaultDest();
    for (const auto& each : choice->cases())
      if (each.getCaseValue()->getZExtValue() == value) to = each.getCaseSuccessor();
    jump(lane, to);
  } else if (isa<llvm::ReturnInst>(at)) {
    lane.next = nullptr;
  } else if (isa<llvm::UnreachableInst>(at)) {
    throw Fault("the end of a path that must not be taken");
  } else {
    Value value = compute(lane, at);
    if (!at.getType()->isVoidTy()) lane.registers[&at] = std::move(value);
    lane.next = at.getNextNode();
  }
}

void Simdgroup::jump(Lane& lane, const llvm::BasicBlock* to) {
  const llvm::BasicBlock* from = lane.next->getParent();
  llvm::SmallVector<std::pair<const llvm::PHINode*, Value>, 8> values;
  for (const llvm::PHINode& phi : to->phis())
    values.emplace_back(&phi, operand(lane, phi.getIncomingValueForBlock(from)));
  for (auto& [phi, value] : values) lane.registers[phi] = std::move(value);
  lane.next = &*to->getFirstNonPHIIt();
  lane.at_latch = code_.order.goes_back(from, to);
}

Value Simdgroup::operand(const Lane& lane, const llvm::Value* value) const {
  if (const auto* constant = dyn_cast<llvm::Constant>(value))
    return evaluate(*constant, code_.layout, code_.globals);
  const auto found = lane.registers.find(value);
  if (found == lane.registers.end()) throw Fault("a value that was never computed");
  return found->second;
}

Value Simdgroup::compute(Lane& lane, const llvm::Instruction& at) {
  const auto& layout = code_.layout;
  llvm::Type* type = at.getType();
  const auto each = [&](const Value& shape, const auto& action) {
    Value result;
    for (unsigned i = 0; i < shape.size(); ++i) result.push_back(action(i));
    return result;
  };
  const auto in = [&](unsigned i) { return operand(lane, at.getOperand(i)); };

  if (isa<llvm::BinaryOperator>(at)) {
    const Value a = in(0), b = in(1);
    return each(a, [&](unsigned i) {
      return binary(at.getOpcode(), a[i], b[i], type->getScalarType(), layout);
    });
  }
  if (at.getOpcode() == llvm::Instruction::FNeg) {
    const Value a = in(0);
    return each(a, [&](unsigned i) { return negate(a[i], type->getScalarType()); });
  }
  if (const auto* test = dyn_cast<llvm::CmpInst>(&at)) {
    const Value a = in(0), b = in(1);
    llvm::Type* compared = test->getOperand(0)->getType()->getScalarType();
    return each(a, [&](unsigned i) -> uint64_t {
      return compare(test->getPredicate(), a[i], b[i], compared, layout);
    });
  }
  if (isa<llvm::BitCastInst>(at)) {
    // Through memory: elements keep their order of bytes.
    alignas(8) std::byte bytes[1024];
    llvm::Type* from = at.getOperand(0)->getType();
    Memory scratch;
    scratch.lend(bytes, sizeof bytes, "a bit cast");
    store(scratch, reinterpret_cast<uint64_t>(bytes), in(0), from, layout);
    return load(scratch, reinterpret_cast<uint64_t>(bytes), type, layout);
  }
  if (isa<llvm::CastInst>(at)) {
    const Value a = in(0);
    llvm::Type* from = at.getOperand(0)->getType()->getScalarType();
    return each(a, [&](unsigned i) {
      return convert(at.getOpcode(), a[i], from, type->getScalarType(), layout);
    });
  }
  if (isa<llvm::SelectInst>(at)) {
    const Value condition = in(0), a = in(1), b = in(2);
    if (!at.getOperand(0)->getType()->isVectorTy()) return condition[0] & 1 ? a : b;
    return each(a, [&](unsigned i) { return condition[i] & 1 ? a[i] : b[i]; });
  }
  if (isa<llvm::FreezeInst>(at)) return in(0);

  if (const auto* object = dyn_cast<llvm::AllocaInst>(&at)) {
    const uint64_t count = word(lane, object->getArraySize());
    const uint64_t bytes = count * layout.getTypeAllocSize(object->getAllocatedType());
    return {reinterpret_cast<uint64_t>(
        memory_.make(bytes, object->getAlign().value(), "variable " + object->getName().str()))};
  }
  if (const auto* access = dyn_cast<llvm::LoadInst>(&at))
    return load(memory_, word(lane, access->getPointerOperand()), type, layout);
  if (const auto* access = dyn_cast<llvm::StoreInst>(&at)) {
    store(memory_, word(lane, access->getPointerOperand()), in(0),
          access->getValueOperand()->getType(), layout);
    return {};
  }
  if (const auto* step = dyn_cast<llvm::GetElementPtrInst>(&at)) {
    Value result;
    for (unsigned i = 0; i < scalars_in(type); ++i) result.push_back(address(lane, *step, i));
    return result;
  }
  if (const auto* update = dyn_cast<llvm::AtomicRMWInst>(&at))
    return update_atomically(lane, *update);
  if (const auto* exchange = dyn_cast<llvm::AtomicCmpXchgInst>(&at))
    return exchange_atomically(lane, *exchange);
  if (isa<llvm::FenceInst>(at)) return {};

  if (const auto* extract = dyn_cast<llvm::ExtractElementInst>(&at)) {
    const uint64_t index = word(lane, extract->getIndexOperand());
    const Value vector = in(0);
    if (index >= vector.size()) throw Fault("element " + std::to_string(index) + " of a vector");
    return {vector[index]};
  }
  if (isa<llvm::InsertElementInst>(at)) {
    Value vector = in(0);
    const uint64_t index = word(lane, at.getOperand(2));
    if (index >= vector.size()) throw Fault("element " + std::to_string(index) + " of a vector");
    vector[index] = in(1)[0];
    return vector;
  }
  if (const auto* shuffle = dyn_cast<llvm::ShuffleVectorInst>(&at)) {
    Value both = in(0);
    both.append(in(1));
    Value result;
    for (const int source : shuffle->getShuffleMask())
      result.push_back(source < 0 ? 0 : both[static_cast<size_t>(source)]);
    return result;
  }
  if (const auto* extract = dyn_cast<llvm::ExtractValueInst>(&at)) {
    const Value aggregate = in(0);
    const auto [first, part] =
        member(extract->getAggregateOperand()->getType(), extract->getIndices());
    return Value(llvm::ArrayRef(aggregate).slice(first, scalars_in(part)));
  }
  if (const auto* insert = dyn_cast<llvm::InsertValueInst>(&at)) {
    Value aggregate = in(0);
    const Value part = in(1);
    const unsigned first = member(type, insert->getIndices()).first;
    llvm::copy(part, aggregate.begin() + first);
    return aggregate;
  }
  if (const auto* made = dyn_cast<llvm::IntrinsicInst>(&at)) return intrinsic_call(lane, *made);
  throw Fault("an instruction that is not known");
}

uint64_t Simdgroup::address(const Lane& lane, const llvm::GetElementPtrInst& step,
                            unsigned element) const {
  const auto pick = [&](const llvm::Value* value) {
    const Value words = operand(lane, value);
    return words[words.size() > 1 ? element : 0];
  };
  uint64_t at = pick(step.getPointerOperand());
  for (auto part = llvm::gep_type_begin(step); part != llvm::gep_type_end(step); ++part) {
    if (llvm::StructType* record = part.getStructTypeOrNull()) {
      const auto index = cast<llvm::ConstantInt>(part.getOperand())->getZExtValue();
      at += code_.layout.getStructLayout(record)->getElementOffset(static_cast<unsigned>(index));
    } else {
      const unsigned width = width_of(part.getOperand()->getType(), code_.layout);
      const int64_t index = sign_extend(pick(part.getOperand()), width);
      at += static_cast<uint64_t>(index) * part.getSequentialElementStride(code_.layout);
    }
  }
  return at;
}

Value Simdgroup::intrinsic_call(Lane& lane, const llvm::IntrinsicInst& call) {
  const auto& layout = code_.layout;
  llvm::SmallVector<Value, 4> arguments;
  const auto id = call.getIntrinsicID();
  switch (id) {
    case llvm::Intrinsic::lifetime_start:
    case llvm::Intrinsic::lifetime_end:
    case llvm::Intrinsic::assume:
    case llvm::Intrinsic::experimental_noalias_scope_decl:
    case llvm::Intrinsic::dbg_declare:
    case llvm::Intrinsic::dbg_value:
    case llvm::Intrinsic::dbg_label:
    case llvm::Intrinsic::stackrestore:
      return {};
    case llvm::Intrinsic::stacksave:
      return {0};
    default:
      break;
  }
  for (const auto& argument : call.args()) arguments.push_back(operand(lane, argument));
  if (const auto* copy = dyn_cast<llvm::MemTransferInst>(&call)) {
    const uint64_t bytes = arguments[2][0];
    if (bytes > 0)
      std::memmove(memory_.at(arguments[0][0], bytes, "store"),
                   memory_.at(arguments[1][0], bytes, "load"), bytes);
    (void)copy;
    return {};
  }
  if (isa<llvm::MemSetInst>(call)) {
    const uint64_t bytes = arguments[2][0];
    if (bytes > 0)
      std::memset(memory_.at(arguments[0][0], bytes, "store"), static_cast<int>(arguments[1][0]),
                  bytes);
    return {};
  }
  if (isa<llvm::WithOverflowInst>(call)) {
    const unsigned width = width_of(call.getArgOperand(0)->getType(), layout);
    Value wrapped, flags;
    for (unsigned i = 0; i < arguments[0].size(); ++i)
      if (const auto result = with_overflow(id, arguments[0][i], arguments[1][i], width)) {
        wrapped.push_back(result->first);
        flags.push_back(result->second);
      }
    wrapped.append(flags);
    return wrapped;
  }
  if (call.arg_size() == 0) throw Fault("an intrinsic that is not known");
  Value result;
  llvm::Type* first = call.getArgOperand(0)->getType()->getScalarType();
  for (unsigned i = 0; i < scalars_in(call.getType()); ++i) {
    llvm::SmallVector<uint64_t, 4> words;
    for (const Value& argument : arguments) words.push_back(argument[argument.size() > 1 ? i : 0]);
    const auto word = intrinsic(id, words, call.getType()->getScalarType(), first, layout);
    if (!word) throw Fault("an intrinsic that is not known");
    result.push_back(*word);
  }
  return result;
}

Value Simdgroup::update_atomically(const Lane& lane, const llvm::AtomicRMWInst& update) {
  using Update = llvm::AtomicRMWInst;
  const auto& layout = code_.layout;
  llvm::Type* type = update.getType();
  const uint64_t at = word(lane, update.getPointerOperand());
  const uint64_t operand = word(lane, update.getValOperand());
  const Value old = load(memory_, at, type, layout);
  const auto apply = [&](unsigned opcode) { return binary(opcode, old[0], operand, type, layout); };
  const auto choose = [&](llvm::CmpInst::Predicate old_if) {
    return compare(old_if, old[0], operand, type, layout) ? old[0] : operand;
  };
  const auto by_intrinsic = [&](llvm::Intrinsic::ID id) {
    return intrinsic(id, {old[0], operand}, type, type, layout).value();
  };
  uint64_t updated;
  switch (update.getOperation()) {
    case Update::Xchg:
      updated = operand;
      break;
    case Update::Add:
      updated = apply(llvm::Instruction::Add);
      break;
    case Update::Sub:
      updated = apply(llvm::Instruction::Sub);
      break;
    case Update::And:
      updated = apply(llvm::Instruction::And);
      break;
    case Update::Or:
      updated = apply(llvm::Instruction::Or);
      break;
    case Update::Xor:
      updated = apply(llvm::Instruction::Xor);
      break;
    case Update::Nand:
      updated = low_bits(~apply(llvm::Instruction::And), width_of(type, layout));
      break;
    case Update::Max:
      updated = choose(llvm::CmpInst::ICMP_SGT);
      break;
    case Update::Min:
      updated = choose(llvm::CmpInst::ICMP_SLT);
      break;
    case Update::UMax:
      updated = choose(llvm::CmpInst::ICMP_UGT);
      break;
    case Update::UMin:
      updated = choose(llvm::CmpInst::ICMP_ULT);
      break;
    case Update::FAdd:
      updated = apply(llvm::Instruction::FAdd);
      break;
    case Update::FSub:
      updated = apply(llvm::Instruction::FSub);
      break;
    case Update::FMax:
      updated = by_intrinsic(llvm::Intrinsic::maxnum);
      break;
    case Update::FMin:
      updated = by_intrinsic(llvm::Intrinsic::minnum);
      break;
    default:
      throw Fault("an atomic update that is not known");
  }
  store(memory_, at, {updated}, type, layout);
  return old;
}

Value Simdgroup::exchange_atomically(const Lane& lane, const llvm::AtomicCmpXchgInst& exchange) {
  const uint64_t at = word(lane, exchange.getPointerOperand());
  llvm::Type* type = exchange.getNewValOperand()->getType();
  Value result = load(memory_, at, type, code_.layout);
  const bool equal = result[0] == word(lane, exchange.getCompareOperand());
  if (equal) store(memory_, at, operand(lane, exchange.getNewValOperand()), type, code_.layout);
  result.push_back(equal);
  return result;
}

}  // namespace anvil::oracle
