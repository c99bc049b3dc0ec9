#include "anvil/compiler/simd/adjacent_loads.hpp"

#include <llvm/ADT/MapVector.h>
#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>

#include "anvil/compiler/ir/passes.hpp"
#include "anvil/compiler/simd/shape_analysis.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

constexpr int64_t kWord = 4;
/// Words of one load: more would fill the registers before the first is used.
constexpr unsigned kMaxRun = 8;
/// Of lanes that lie anywhere: what a gather takes.
constexpr unsigned kMaxGathered = 2;
/// Neighbouring lanes that read as many adjacent bytes are loaded together, and well.
constexpr int64_t kMinGroupBytes = 8;

struct LoadPiece {
  LoadInst* load;
  int64_t offset;  ///< in bytes, from the base that it shares with others
  int64_t size;
};

/// Some pieces, and what is loaded for them: up to a word.
struct Unit {
  ArrayRef<LoadPiece> pieces;
  int64_t offset, size;
  Type* type;
  bool is_word() const { return size == kWord; }
  bool is_piece() const { return pieces.size() == 1 && size == pieces.front().size; }
};

bool is_mergeable(const LoadInst& load, const DataLayout& layout) {
  const Type* type = load.getType();
  if (!load.isSimple() || !(type->isIntegerTy() || type->isFloatingPointTy())) return false;
  const TypeSize bits = layout.getTypeSizeInBits(load.getType());
  return bits == 8 || bits == 16 || bits == 32;
}

class LoadMerger {
 public:
  LoadMerger(Function& function, AAResults& aliases)
      : layout_(function.getParent()->getDataLayout()),
        aliases_(aliases),
        analyses_(function),
        shapes_(analyses_, *function.getArg(2)) {}

  void run(BasicBlock& block) {
    MapVector<const Value*, SmallVector<LoadPiece, 8>> open;
    for (Instruction& instruction : make_early_inc_range(block)) {
      auto* load = dyn_cast<LoadInst>(&instruction);
      if (load && is_mergeable(*load, layout_)) {
        APInt offset(64, 0);
        const Value* base = load->getPointerOperand()->stripAndAccumulateConstantOffsets(
            layout_, offset, /*AllowNonInbounds=*/true);
        if (lies_apart(*load))
          open[base].push_back(
              {load, offset.getSExtValue(), int64_t(layout_.getTypeStoreSize(load->getType()))});
      } else if (instruction.mayWriteToMemory()) {
        for (auto& [base, pieces] : open)
          if (may_change(instruction, pieces)) {
            merge(pieces);
            pieces.clear();
          }
      }
    }
    for (auto& [base, pieces] : open) merge(pieces);
  }

 private:
  /// Whether lanes read this from places of their own. Private arrays lie lane by lane.
  bool lies_apart(const LoadInst& load) const {
    const Value* pointer = load.getPointerOperand();
    const Shape form = shapes_.shape(pointer);
    if (form.is_unknown() || form.is_uniform() || isa<AllocaInst>(getUnderlyingObject(pointer)))
      return false;
    const auto size = int64_t(layout_.getTypeStoreSize(load.getType()));
    return form.is_varying() || form.group_size(size) * size < kMinGroupBytes;
  }

  bool may_change(const Instruction& writer, ArrayRef<LoadPiece> pieces) {
    return any_of(pieces, [&](const LoadPiece& piece) {
      return isModSet(aliases_.getModRefInfo(&writer, MemoryLocation::get(piece.load)));
    });
  }

  void merge(SmallVectorImpl<LoadPiece>& pieces) {
    if (pieces.size() < 2) return;
    llvm::sort(pieces, [](const LoadPiece& a, const LoadPiece& b) {
      return std::pair(a.offset, b.size) < std::pair(b.offset, a.size);
    });
    const auto same = [](const LoadPiece& a, const LoadPiece& b) { return a.offset == b.offset; };
    pieces.erase(std::unique(pieces.begin(), pieces.end(), same), pieces.end());
    SmallVector<Unit, 8> units;
    for (ArrayRef<LoadPiece> left = pieces; !left.empty();) {
      units.push_back(first_unit(left, pieces));
      left = left.drop_front(units.back().pieces.size());
    }
    for (ArrayRef<Unit> left = units; !left.empty();) {
      const unsigned run = first_run(left);
      if (run > 1 || !left.front().is_piece()) load_at_once(left.take_front(run));
      left = left.drop_front(run);
    }
  }

  /// Of the pieces left of all that share the base. Bytes between two that the lane reads may be
  /// read.
  Unit first_unit(ArrayRef<LoadPiece> left, ArrayRef<LoadPiece> all) const {
    const LoadPiece& first = left.front();
    size_t count = 1;
    int64_t begin = first.offset, end = begin + first.size;
    for (size_t i = 1; i < left.size() && left[i].offset + left[i].size <= begin + kWord; ++i) {
      count = i + 1;
      end = std::max(end, left[i].offset + left[i].size);
    }
    // A broadcast of less than a word is one instruction, of a part of a word several.
    const bool stays = count == 1 && is_shared(first);
    if (end - begin < kWord && !stays) {
      constexpr int64_t kNear = 1024;  // below a page
      const int64_t lowest = all.front().offset, highest = all.back().offset + all.back().size;
      if (highest >= begin + kWord && highest - begin < kNear)
        end = begin + kWord;
      else if (lowest <= end - kWord && end - lowest < kNear)
        begin = end - kWord;
      else if (!isPowerOf2_64(uint64_t(end - begin)))
        count = 1, end = begin + first.size;
    }
    Unit unit{left.take_front(count), begin, end - begin, first.load->getType()};
    if (!unit.is_piece())
      unit.type = Type::getIntNTy(first.load->getContext(), unsigned(unit.size) * 8);
    return unit;
  }

  /// Lanes that read the same in groups take it by broadcasts.
  bool is_shared(const LoadPiece& piece) const {
    constexpr unsigned kMaxShared = 2;
    const Shape form = shapes_.shape(piece.load->getPointerOperand());
    return form.is_affine() && form.group_size(0) > kMaxShared;
  }

  /// How many words of one type follow each other, a power of two.
  unsigned first_run(ArrayRef<Unit> units) const {
    const Unit& first = units.front();
    const LoadPiece& piece = first.pieces.front();
    if (!first.is_word() || is_shared(piece)) return 1;
    const unsigned most =
        shapes_.shape(piece.load->getPointerOperand()).is_affine() ? kMaxRun : kMaxGathered;
    unsigned count = 1;
    while (count < std::min<size_t>(most, units.size()) && units[count].type == first.type &&
           units[count].is_word() && units[count].offset == first.offset + count * kWord)
      ++count;
    return bit_floor(count);
  }

  void load_at_once(ArrayRef<Unit> run) {
    const LoadPiece& first = run.front().pieces.front();
    const int64_t begin = run.front().offset;
    LoadInst* earliest = first.load;
    AAMDNodes aliasing = first.load->getAAMetadata();
    for (const Unit& unit : run)
      for (const LoadPiece& piece : unit.pieces) {
        if (piece.load->comesBefore(earliest)) earliest = piece.load;
        aliasing = aliasing.concat(piece.load->getAAMetadata());
      }
    // The earliest has the base at hand.
    APInt offset(64, 0);
    Value* base = earliest->getPointerOperand()->stripAndAccumulateConstantOffsets(
        layout_, offset, /*AllowNonInbounds=*/true);
    IRBuilder<> builder(earliest);
    Type* word = run.front().type;
    Type* type = run.size() > 1 ? FixedVectorType::get(word, unsigned(run.size())) : word;
    Value* address = builder.CreatePtrAdd(base, builder.getInt64(uint64_t(begin)));
    const Align alignment = commonAlignment(first.load->getAlign(), uint64_t(first.offset - begin));
    LoadInst* whole = builder.CreateAlignedLoad(type, address, alignment);
    whole->setAAMetadata(aliasing);
    for (unsigned i = 0; i < run.size(); ++i) {
      Value* unit = run.size() > 1 ? builder.CreateExtractElement(whole, uint64_t{i}) : whole;
      for (const LoadPiece& piece : run[i].pieces) replace(piece, unit, run[i], builder);
    }
    for (const Unit& unit : run)
      for (const LoadPiece& piece : unit.pieces) piece.load->eraseFromParent();
  }

  void replace(const LoadPiece& piece, Value* whole, const Unit& unit, IRBuilder<>& builder) {
    Value* value = whole;
    Type* type = piece.load->getType();
    if (!unit.is_piece()) {
      const uint64_t shift = uint64_t(piece.offset - unit.offset) * 8;
      Type* bits = builder.getIntNTy(unsigned(piece.size) * 8);
      value =
          builder.CreateBitCast(builder.CreateTrunc(builder.CreateLShr(whole, shift), bits), type);
    }
    piece.load->replaceAllUsesWith(value);
  }

  const DataLayout& layout_;
  AAResults& aliases_;
  const ScalarAnalyses analyses_;
  const ShapeAnalysis shapes_;
};

struct MergeAdjacentLoads : PassInfoMixin<MergeAdjacentLoads> {
  PreservedAnalyses run(Function& function, FunctionAnalysisManager& manager) {
    LoadMerger merger(function, manager.getResult<AAManager>(function));
    for (BasicBlock& block : function) merger.run(block);
    return PreservedAnalyses::none();
  }
};

}  // namespace

void merge_adjacent_loads(Function& function) {
  FunctionPassManager passes;
  passes.addPass(MergeAdjacentLoads());
  run_passes(function, std::move(passes));
}

}  // namespace anvil::compiler::simd
