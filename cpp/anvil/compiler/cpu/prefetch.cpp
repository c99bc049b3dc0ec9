#include "anvil/compiler/cpu/prefetch.hpp"

#include <llvm/ADT/DepthFirstIterator.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include <set>

namespace anvil::compiler::cpu {
namespace {

using namespace llvm;

constexpr int64_t kLine = 64;
// How far ahead, where an iteration's step is known. A memory access takes about 100 ns, in which a
// core takes in 2 KiB; turns of pages and other cores ask for some more. SmolLM2's decode on two
// cores of a Sapphire Rapids: 115 tokens/s without, 137 with 512 bytes, 157 with 1024, 170 with
// 2048, 192 with 3072, 187 with 4096 and more.
constexpr int64_t kBytesAhead = 3072;
// Where it is known only when the kernel runs (a cache's positions), these many instructions ahead,
// in whole iterations: attention over 4096 positions ran best between 600 and 1200.
constexpr int64_t kInstructionsAhead = 800;
constexpr int64_t kMostIterations = 64;
constexpr int64_t kMostStep = 4096;  // bytes; above, nothing is read in order
constexpr size_t kMostLines = 16;    // of a stream in one iteration
// A line on its way to the first cache holds one of a core's 10 to 16 places for misses until it is
// there, and so the loads up; one on its way to the second does not.
constexpr size_t kMostToFirst = 8;                    // of one iteration
enum Locality { second_cache = 2, every_cache = 3 };  // of llvm.prefetch

struct Read {
  Instruction* at;
  Value* pointer;
  int64_t begin;  // in bytes, from the stream's first read
};

/// What an iteration reads of one buffer, at constant distances from the first read.
struct Stream {
  const SCEVAddRecExpr* address;  // of the first read
  SmallVector<Read, 2> firsts;    // one of each copy that the loop's body has
  std::set<int64_t> lines;        // that are read, in bytes from the first read
};

/// The address of a load, also of one under a mask; null for other instructions.
Value* read_pointer(Instruction& instruction) {
  if (auto* load = dyn_cast<LoadInst>(&instruction)) return load->getPointerOperand();
  auto* call = dyn_cast<IntrinsicInst>(&instruction);
  return call && call->getIntrinsicID() == Intrinsic::masked_load ? call->getArgOperand(0)
                                                                  : nullptr;
}

/// Whether a pointer comes from the dispatch's table of buffers: it is loaded from what is itself
/// loaded from the threadgroup's structure, which holds the pointers to threadgroup memory.
bool is_buffer(const Value* base) {
  const auto* loaded = dyn_cast<LoadInst>(base);
  return loaded && isa<LoadInst>(loaded->getPointerOperand()->stripInBoundsOffsets());
}

/// Takes a 32-bit index for one that never wraps: as a uint it may, and then the address is no
/// sequence, but a wrong guess costs a prefetch.
class WithoutWrapping : public SCEVRewriteVisitor<WithoutWrapping> {
 public:
  explicit WithoutWrapping(ScalarEvolution& evolution) : SCEVRewriteVisitor(evolution) {}

  // The visitor calls the methods of the class that derives from it: that they hide its own is how
  // it is used. NOLINTBEGIN(bugprone-derived-method-shadowing-base-method)
  const SCEV* visitZeroExtendExpr(const SCEVZeroExtendExpr* extended) {
    return widen(extended, /*is_signed=*/false);
  }
  const SCEV* visitSignExtendExpr(const SCEVSignExtendExpr* extended) {
    return widen(extended, /*is_signed=*/true);
  }
  // NOLINTEND(bugprone-derived-method-shadowing-base-method)

 private:
  const SCEV* widen(const SCEVCastExpr* extended, bool is_signed) {
    const SCEV* index = visit(extended->getOperand());
    Type* type = extended->getType();
    const auto wide = [&](const SCEV* value) {
      return is_signed ? SE.getSignExtendExpr(value, type) : SE.getZeroExtendExpr(value, type);
    };
    const auto* sequence = dyn_cast<SCEVAddRecExpr>(index);
    if (!sequence || !sequence->isAffine()) return wide(index);
    return SE.getAddRecExpr(wide(sequence->getStart()), wide(sequence->getStepRecurrence(SE)),
                            sequence->getLoop(), SCEV::FlagAnyWrap);
  }
};

/// The address as first + i * step within the loop, or null where it is no stream of a buffer.
const SCEVAddRecExpr* stream_address(ScalarEvolution& evolution, const Loop& loop, Value* pointer) {
  const auto* address =
      dyn_cast<SCEVAddRecExpr>(WithoutWrapping(evolution).visit(evolution.getSCEV(pointer)));
  if (!address || address->getLoop() != &loop || !address->isAffine()) return nullptr;
  if (const auto* step = dyn_cast<SCEVConstant>(address->getStepRecurrence(evolution))) {
    const int64_t bytes = step->getAPInt().getSExtValue();
    if (bytes <= 0 || bytes > kMostStep) return nullptr;
  }
  const auto* base = dyn_cast<SCEVUnknown>(evolution.getPointerBase(address));
  return base && is_buffer(base->getValue()) ? address : nullptr;
}

void add_read(std::vector<Stream>& streams, ScalarEvolution& evolution,
              const DominatorTree& dominators, const SCEVAddRecExpr* address, Value* pointer,
              Instruction& at) {
  int64_t begin = 0;
  auto stream = find_if(streams, [&](const Stream& known) {
    const auto distance = evolution.computeConstantDifference(address, known.address);
    if (distance) begin = distance->getSExtValue();
    return distance.has_value();
  });
  if (stream == streams.end()) {
    streams.push_back({address, {}, {}});
    stream = std::prev(streams.end());
  }
  const auto comes_before = [&](const Read& first) { return dominators.dominates(first.at, &at); };
  if (none_of(stream->firsts, comes_before)) stream->firsts.push_back({&at, pointer, begin});
  const int64_t end =
      begin + int64_t(at.getDataLayout().getTypeStoreSize(at.getType()).getFixedValue());
  for (int64_t line = begin & -kLine; line < end; line += kLine) stream->lines.insert(line);
}

/// Of what the loop itself reads, not the loops within it.
std::vector<Stream> streams_of(const Loop& loop, const LoopInfo& loops,
                               const DominatorTree& dominators, ScalarEvolution& evolution) {
  std::vector<Stream> streams;
  for (const auto* node : depth_first(dominators.getNode(loop.getHeader()))) {
    BasicBlock* block = node->getBlock();
    if (loops.getLoopFor(block) != &loop) continue;
    for (Instruction& instruction : *block) {
      Value* pointer = read_pointer(instruction);
      if (!pointer) continue;
      if (const SCEVAddRecExpr* address = stream_address(evolution, loop, pointer))
        add_read(streams, evolution, dominators, address, pointer, instruction);
    }
  }
  return streams;
}

int64_t iterations_ahead(const Loop& loop) {
  if (!loop.isInnermost()) return 1;
  int64_t size = 0;
  for (const BasicBlock* block : loop.blocks())
    size += count_if(*block, [](const Instruction& instruction) {
      return !isa<PHINode>(instruction) && !isa<GetElementPtrInst>(instruction);
    });
  return std::clamp<int64_t>(kInstructionsAhead / size, 1, kMostIterations);
}

/// In bytes.
Value* distance_ahead(const Stream& stream, const Loop& loop, int64_t iterations,
                      ScalarEvolution& evolution) {
  Type* type = evolution.getEffectiveSCEVType(stream.address->getType());
  const SCEV* step = stream.address->getStepRecurrence(evolution);
  if (isa<SCEVConstant>(step)) return ConstantInt::get(type, uint64_t(kBytesAhead));
  const SCEV* distance =
      evolution.getMulExpr(evolution.getConstant(type, uint64_t(iterations)), step);
  Instruction* before = loop.getLoopPreheader()->getTerminator();
  SCEVExpander expander(evolution, "ahead");
  return expander.isSafeToExpandAt(distance, before)
             ? expander.expandCodeFor(distance, type, before)
             : nullptr;
}

void prefetch(const Stream& stream, const Read& first, Value* distance, Locality locality) {
  IRBuilder<> builder(first.at);
  Value* ahead = builder.CreatePtrAdd(first.pointer, distance);
  for (const int64_t line : stream.lines) {
    Value* address = builder.CreatePtrAdd(
        ahead, ConstantInt::getSigned(distance->getType(), line - first.begin));
    builder.CreateIntrinsic(
        Intrinsic::prefetch, {address->getType()},
        {address, builder.getInt32(0), builder.getInt32(locality), builder.getInt32(1)});
  }
}

}  // namespace

PreservedAnalyses PrefetchStreams::run(Function& function, FunctionAnalysisManager& analyses) {
  const auto& loops = analyses.getResult<LoopAnalysis>(function);
  const auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);
  auto& evolution = analyses.getResult<ScalarEvolutionAnalysis>(function);
  for (const Loop* loop : loops.getLoopsInPreorder()) {
    if (!loop->getLoopPreheader()) continue;
    const int64_t iterations = iterations_ahead(*loop);
    std::vector<Stream> streams = streams_of(*loop, loops, dominators, evolution);
    erase_if(streams, [](const Stream& stream) { return stream.lines.size() > kMostLines; });
    size_t lines = 0;
    for (const Stream& stream : streams) lines += stream.lines.size();
    const Locality locality = lines > kMostToFirst ? second_cache : every_cache;
    for (const Stream& stream : streams)
      if (Value* distance = distance_ahead(stream, *loop, iterations, evolution))
        for (const Read& first : stream.firsts) prefetch(stream, first, distance, locality);
  }
  return PreservedAnalyses::none();
}

}  // namespace anvil::compiler::cpu
