// Accesses of all lanes to constant patterns of addresses: a few wide accesses and a permutation.
#include "anvil/compiler/simd/emitter.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

/// Empty where there is nothing to permute by.
std::vector<Window> Emitter::windows(const Shape& form, Type* accessed) {
  Type* unit = accessed->getScalarType();
  const auto size = int64_t(layout_.getTypeStoreSize(accessed));
  const auto step = int64_t(layout_.getTypeStoreSize(unit));
  if (!unit->isSized() || size != step * elements_of(accessed) ||
      layout_.getTypeSizeInBits(unit) != TypeSize::getFixed(uint64_t(step) * 8))
    return {};
  return windows_of(form, size, step);
}

/// Vectors of one type and a power of two, one after the other.
Value* Emitter::concatenate(Registers parts) {
  while (parts.size() > 1) {
    Registers halves;
    const unsigned width = elements_of(parts[0]->getType());
    SmallVector<int> both;
    for (unsigned i = 0; i < 2 * width; ++i) both.push_back(int(i));
    for (size_t i = 0; i < parts.size(); i += 2)
      halves.push_back(builder_.CreateShuffleVector(parts[i], parts[i + 1], both));
    parts = std::move(halves);
  }
  return parts[0];
}

Value* Emitter::load_windows(LoadInst& load, const Pattern& pattern,
                             const std::vector<Window>& windows) {
  Type* unit = load.getType()->getScalarType();
  const auto size = int64_t(layout_.getTypeStoreSize(load.getType()));
  const auto step = int64_t(layout_.getTypeStoreSize(unit));
  unsigned width = 1;
  for (const Window& window : windows)
    width = std::max(width, std::bit_ceil(unsigned((window.end - window.begin) / step)));
  if (windows.size() == 1) width = unsigned((windows[0].end - windows[0].begin) / step);

  Registers parts;
  for (const Window& window : windows) {
    const auto count = unsigned((window.end - window.begin) / step);
    Value* part =
        annotate(builder_.CreateAlignedLoad(FixedVectorType::get(unit, count),
                                            byte_address(pattern.base, window.begin),
                                            commonAlignment(load.getAlign(), uint64_t(size))),
                 load);
    SmallVector<int> padded;
    for (unsigned i = 0; i < width; ++i) padded.push_back(i < count ? int(i) : PoisonMaskElem);
    parts.push_back(count == width ? part : builder_.CreateShuffleVector(part, padded));
  }
  parts.resize(std::bit_ceil(parts.size()), PoisonValue::get(parts[0]->getType()));
  SmallVector<int> picks;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    const int64_t offset = pattern.offsets.offset(lane);
    const unsigned window = window_of(windows, offset);
    const auto first = int((offset - windows[window].begin) / step + int64_t(window) * width);
    for (unsigned i = 0; i < elements_of(load.getType()); ++i) picks.push_back(first + int(i));
  }
  return builder_.CreateShuffleVector(concatenate(std::move(parts)), picks);
}

/// False, and nothing stored, where that takes accesses under masks and those are not to be had.
bool Emitter::store_windows(StoreInst& store, const Pattern& pattern,
                            const std::vector<Window>& windows) {
  Type* type = store.getValueOperand()->getType();
  Type* unit = type->getScalarType();
  const auto size = int64_t(layout_.getTypeStoreSize(type));
  const auto step = int64_t(layout_.getTypeStoreSize(unit));
  std::vector<SmallVector<int>> contents;
  for (const Window& window : windows)
    contents.emplace_back((window.end - window.begin) / step, PoisonMaskElem);
  // Of lanes that write to one address the last prevails.
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    const int64_t offset = pattern.offsets.offset(lane);
    const unsigned window = window_of(windows, offset);
    const auto first = unsigned((offset - windows[window].begin) / step);
    for (unsigned i = 0; i < elements_of(type); ++i)
      contents[window][first + i] = int(lane * elements_of(type) + i);
  }
  const auto has_holes = [](ArrayRef<int> picks) { return is_contained(picks, PoisonMaskElem); };
  if (any_of(contents, has_holes) && !(abilities_.wide && abilities_.masks(layout_, type)))
    return false;

  Value* lanes = vector(store.getValueOperand());
  if (!unit->isPointerTy() && !unit->isIntegerTy())  // not all floats have stores under a mask
    lanes =
        builder_.CreateBitCast(lanes, FixedVectorType::get(builder_.getIntNTy(unsigned(step) * 8),
                                                           elements_of(lanes->getType())));
  const Align alignment = commonAlignment(store.getAlign(), uint64_t(size));
  for (size_t i = 0; i < windows.size(); ++i) {
    SmallVector<int>& picks = contents[i];
    const bool masked = has_holes(picks);
    if (masked) picks.resize(std::bit_ceil(picks.size()), PoisonMaskElem);
    Value* part = builder_.CreateShuffleVector(lanes, picks);
    Value* place = byte_address(pattern.base, windows[i].begin);
    if (!masked) {
      annotate(builder_.CreateAlignedStore(part, place, alignment), store);
      continue;
    }
    SmallVector<Constant*> mask;
    for (const int pick : picks) mask.push_back(builder_.getInt1(pick != PoisonMaskElem));
    annotate(builder_.CreateMaskedStore(part, place, alignment, ConstantVector::get(mask)), store);
  }
  return true;
}

}  // namespace anvil::compiler::simd
