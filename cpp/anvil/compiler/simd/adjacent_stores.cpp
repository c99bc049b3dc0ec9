#include "anvil/compiler/simd/adjacent_stores.hpp"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PatternMatch.h>

#include <algorithm>
#include <bit>

#include "anvil/compiler/simd/shape_analysis.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

constexpr int64_t kMostBytes = 16;
/// Of lanes that lie anywhere: what a scatter takes.
constexpr int64_t kMostScattered = 8;

struct StorePiece {
  StoreInst* store;
  int64_t offset;  ///< in bytes, from the base that it shares with others
};

/// Bytes of a value in little endian order.
struct Part {
  Value* of;
  uint64_t bit;
};

/// What a value was taken out of.
Part part_of(Value* value) {
  using namespace PatternMatch;
  Part part{value, 0};
  for (Value* inner = nullptr;;) {
    const APInt* shift = nullptr;
    uint64_t index = 0;
    if (match(part.of, m_BitCast(m_Value(inner))) && !inner->getType()->isVectorTy()) {
      part.of = inner;
    } else if (match(part.of, m_Trunc(m_Value(inner))) && !inner->getType()->isVectorTy()) {
      part.of = inner;
    } else if (match(part.of, m_LShr(m_Value(inner), m_APInt(shift))) &&
               !inner->getType()->isVectorTy()) {
      part = {inner, part.bit + shift->getZExtValue()};
    } else if (match(part.of, m_ExtractElt(m_Value(inner), m_ConstantInt(index)))) {
      part = {inner, part.bit + index * inner->getType()->getScalarSizeInBits()};
    } else {
      return part;
    }
  }
}

class StoreMerger {
 public:
  explicit StoreMerger(Function& function)
      : layout_(function.getParent()->getDataLayout()),
        analyses_(function),
        shapes_(analyses_, *function.getArg(2)) {
    for (BasicBlock& block : function) collect(block);
    for (auto& pieces : runs_) merge(pieces);
  }

 private:
  /// Stores that nothing lies between which has to do with memory.
  void collect(BasicBlock& block) {
    SmallVector<StorePiece, 16> open;
    const Value* base = nullptr;
    Type* type = nullptr;
    const auto close = [&] {
      if (open.size() > 1) runs_.push_back(open);
      open.clear();
    };
    for (Instruction& instruction : block) {
      if (!instruction.mayReadOrWriteMemory()) continue;
      auto* store = dyn_cast<StoreInst>(&instruction);
      if (!store || most_bytes(*store) < 2 * size_of(store->getValueOperand()->getType())) {
        close();
        continue;
      }
      APInt distance(64, 0);
      const Value* from =
          store->getPointerOperand()->stripAndAccumulateConstantOffsets(layout_, distance, true);
      const int64_t offset = distance.getSExtValue();
      const auto overlaps = [&](const StorePiece& piece) {
        return std::abs(piece.offset - offset) < size_of(type);
      };
      if (from != base || store->getValueOperand()->getType() != type || any_of(open, overlaps))
        close();
      base = from;
      type = store->getValueOperand()->getType();
      open.push_back({store, offset});
    }
    close();
  }

  int64_t size_of(Type* type) const { return int64_t(layout_.getTypeStoreSize(type)); }

  /// Of one store: as far as lanes lie apart. 0 for what stays as it is.
  int64_t most_bytes(const StoreInst& store) const {
    Type* type = store.getValueOperand()->getType();
    if (!store.isSimple() || !(type->isIntegerTy() || type->isFloatingPointTy()) ||
        layout_.getTypeSizeInBits(type) != TypeSize::getFixed(uint64_t(size_of(type)) * 8) ||
        isa<AllocaInst>(getUnderlyingObject(store.getPointerOperand())))
      return 0;
    const Shape form = shapes_.shape(store.getPointerOperand());
    if (form.is_unknown() || form.is_uniform()) return 0;
    // What is scattered as it is does not gain.
    if (form.is_varying()) return size_of(type) < 4 ? kMostScattered : 0;
    LaneOffsets offsets = *form.offsets;
    std::ranges::sort(offsets);
    int64_t least = kMostBytes;
    for (unsigned lane = 1; lane < kLanes; ++lane)
      if (offsets[lane] != offsets[lane - 1])
        least = std::min(least, offsets[lane] - offsets[lane - 1]);
    return least;
  }

  void merge(SmallVectorImpl<StorePiece>& pieces) {
    std::ranges::sort(pieces, {}, &StorePiece::offset);
    const int64_t size = size_of(pieces[0].store->getValueOperand()->getType());
    const auto most = size_t(most_bytes(*pieces[0].store) / size);
    for (ArrayRef<StorePiece> left = pieces; !left.empty();) {
      size_t count = 1;
      while (count < std::min(most, left.size()) &&
             left[count].offset == left[0].offset + int64_t(count) * size)
        ++count;
      count = std::bit_floor(count);
      if (count > 1) store_at_once(left.take_front(count));
      left = left.drop_front(count);
    }
  }

  void store_at_once(ArrayRef<StorePiece> pieces) {
    const auto is_earlier = [](const StorePiece& a, const StorePiece& b) {
      return a.store->comesBefore(b.store);
    };
    StoreInst* last = std::ranges::max_element(pieces, is_earlier)->store;
    AAMDNodes aliasing = pieces[0].store->getAAMetadata();
    for (const StorePiece& piece : pieces) aliasing = aliasing.concat(piece.store->getAAMetadata());
    IRBuilder<> builder(last);
    StoreInst* whole =
        builder.CreateAlignedStore(vector_of(builder, pieces), pieces[0].store->getPointerOperand(),
                                   pieces[0].store->getAlign());
    whole->setAAMetadata(aliasing);
    for (const StorePiece& piece : pieces) piece.store->eraseFromParent();
  }

  Value* vector_of(IRBuilder<>& builder, ArrayRef<StorePiece> pieces) const {
    Type* type = pieces[0].store->getValueOperand()->getType();
    if (Value* loaded = loaded_at_once(builder, pieces)) return loaded;
    Value* vector = PoisonValue::get(FixedVectorType::get(type, unsigned(pieces.size())));
    for (size_t i = 0; i < pieces.size(); ++i)
      vector = builder.CreateInsertElement(vector, pieces[i].store->getValueOperand(), i);
    return vector;
  }

  /// Where the values follow each other in one, that or some elements of it.
  Value* loaded_at_once(IRBuilder<>& builder, ArrayRef<StorePiece> pieces) const {
    const Part first = part_of(pieces[0].store->getValueOperand());
    const uint64_t bits = uint64_t(size_of(pieces[0].store->getValueOperand()->getType())) * 8;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const Part part = part_of(pieces[i].store->getValueOperand());
      if (part.of != first.of || part.bit != first.bit + i * bits) return nullptr;
    }
    const uint64_t all = layout_.getTypeSizeInBits(first.of->getType());
    const uint64_t wanted = bits * pieces.size();
    if (first.bit == 0 && wanted == all) return first.of;
    const uint64_t element = first.of->getType()->getScalarSizeInBits();
    if (!first.of->getType()->isVectorTy() || first.bit % element || wanted % element)
      return nullptr;
    SmallVector<int> elements;
    for (uint64_t i = 0; i < wanted / element; ++i)
      elements.push_back(int(first.bit / element + i));
    return builder.CreateShuffleVector(first.of, elements);
  }

  const DataLayout& layout_;
  const ScalarAnalyses analyses_;
  const ShapeAnalysis shapes_;
  std::vector<SmallVector<StorePiece, 16>> runs_;
};

}  // namespace

void merge_adjacent_stores(Function& function) {
  const StoreMerger merger(function);
}

}  // namespace anvil::compiler::simd
