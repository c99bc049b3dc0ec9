// Loads of lanes that lie near each other: whole registers, then permutations.
#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/Module.h>

#include "anvil/compiler/simd/emitter.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

namespace {

/// Up to as many lanes a table has an entry for each set of them.
constexpr unsigned kMaxTabled = 4;
/// A mask is a number.
constexpr unsigned kMaxGranules = 64;

uint64_t low_bits(unsigned count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

}  // namespace

std::optional<SmallVector<Strip, 8>> Emitter::strips_of(const LoadInst& load,
                                                        const Pattern& pattern) const {
  Type* element = load.getType()->getScalarType();
  const TypeSize bits = layout_.getTypeSizeInBits(element);
  if (!(element->isIntegerTy() || element->isFloatingPointTy()) || bits % 8 || !isPowerOf2_64(bits))
    return std::nullopt;
  return plan_strips(pattern.offsets, unsigned(layout_.getTypeStoreSize(load.getType())),
                     abilities_.register_bytes, lanes());
}

/// Strips whose loads can leave out what no active lane reads.
std::optional<SmallVector<Strip, 8>> Emitter::masked_strips_of(const LoadInst& load,
                                                               const Pattern& pattern) const {
  auto strips = strips_of(load, pattern);
  const auto can_be_masked = [&](const Strip& strip) {
    return strip.granule * 8 >= abilities_.masked_bits && strip.granules() <= kMaxGranules &&
           (strip.ascending || strip.count <= kMaxTabled);
  };
  if (!abilities_.masked_bits || !strips || !all_of(*strips, can_be_masked)) return std::nullopt;
  // Eight values of 64 bits are one gather, which three loads and what puts them together are not
  // worth.
  constexpr unsigned kMaxPlaces = 2;
  const auto takes_many = [](const Strip& strip) { return strip.places.size() > kMaxPlaces; };
  const Type* gathered = gathered_as(load.getType());
  if (abilities_.wide && gathered && gathered->getScalarSizeInBits() == 64 &&
      any_of(*strips, takes_many))
    return std::nullopt;
  return strips;
}

Value* Emitter::load_strips(LoadInst& load, const Pattern& pattern, ArrayRef<Strip> strips,
                            Value* active) {
  Type* type = load.getType();
  const auto size = unsigned(layout_.getTypeStoreSize(type));
  // Strips that read the same are one, for the lanes of all of them.
  const auto alike = [&](const Strip& a, const Strip& b) {
    for (unsigned lane = 0; lane < a.count; ++lane)
      if (pattern.offsets.offset(a.first + lane) != pattern.offsets.offset(b.first + lane))
        return false;
    return true;
  };
  Registers parts;
  for (const Strip& strip : strips) {
    const auto* first = find_if(strips, [&](const Strip& other) { return alike(strip, other); });
    if (first != &strip) {
      parts.push_back(parts[size_t(first - strips.begin())]);
      continue;
    }
    Value* mask = nullptr;
    if (active)
      for (const Strip& other : strips) {
        if (!alike(strip, other)) continue;
        Value* lanes = strip_mask(other, pattern.offsets, size, active);
        mask = mask ? builder_.CreateOr(mask, lanes) : lanes;
      }
    Value* granules = load_strip(load, pattern, strip, mask);
    parts.push_back(builder_.CreateBitCast(
        granules, FixedVectorType::get(type->getScalarType(), strip.count * elements_of(type))));
  }
  return concatenate(std::move(parts));
}

/// `mask`: bits of the granules to load, or null for all.
Value* Emitter::load_strip(LoadInst& load, const Pattern& pattern, const Strip& strip,
                           Value* mask) {
  const unsigned width = strip.piece / strip.granule;
  auto* type = FixedVectorType::get(builder_.getIntNTy(strip.granule * 8), width);
  const Align alignment = commonAlignment(load.getAlign(), strip.granule);
  SmallVector<Value*, 4> pieces;
  for (const int64_t place : strip.places) {
    Value* address = byte_address(pattern.base, strip.lowest + place);
    if (!mask) {
      pieces.push_back(annotate(builder_.CreateAlignedLoad(type, address, alignment), load));
      continue;
    }
    Value* bits = builder_.CreateTrunc(builder_.CreateLShr(mask, uint64_t(place) / strip.granule),
                                       builder_.getIntNTy(width));
    Value* lanes = builder_.CreateBitCast(bits, FixedVectorType::get(builder_.getInt1Ty(), width));
    pieces.push_back(builder_.CreateFreeze(annotate(
        builder_.CreateMaskedLoad(type, address, alignment, lanes, Constant::getNullValue(type)),
        load)));
  }
  // What each granule of the result is: of which piece, and where in it.
  SmallVector<std::pair<size_t, int>> picks;
  const auto granules = unsigned(layout_.getTypeStoreSize(load.getType())) / strip.granule;
  for (unsigned lane = strip.first; lane < strip.first + strip.count; ++lane)
    for (unsigned i = 0; i < granules; ++i) {
      const int64_t from = pattern.offsets.offset(lane) - strip.lowest + i * strip.granule;
      const size_t piece = std::min(size_t(from / strip.piece), pieces.size() - 1);
      picks.push_back({piece, int((from - strip.places[piece]) / strip.granule)});
    }
  SmallVector<int> chosen;
  for (const auto& [piece, place] : picks)
    chosen.push_back(piece == 0 ? place : piece == 1 ? int(width) + place : PoisonMaskElem);
  if (pieces.size() == 1) return builder_.CreateShuffleVector(pieces[0], chosen);
  Value* result = builder_.CreateShuffleVector(pieces[0], pieces[1], chosen);
  const unsigned common = std::max(width, unsigned(picks.size()));
  const auto widened = [&](Value* part) {
    const unsigned from = cast<FixedVectorType>(part->getType())->getNumElements();
    SmallVector<int> indices;
    for (unsigned i = 0; i < common; ++i) indices.push_back(i < from ? int(i) : PoisonMaskElem);
    return from == common ? part : builder_.CreateShuffleVector(part, indices);
  };
  for (size_t next = 2; next < pieces.size(); ++next) {
    for (size_t i = 0; i < picks.size(); ++i) {
      const auto& [piece, place] = picks[i];
      chosen[i] = piece < next ? int(i) : piece == next ? int(common) + place : PoisonMaskElem;
    }
    result = builder_.CreateShuffleVector(widened(result), widened(pieces[next]), chosen);
  }
  return result;
}

Value* Emitter::strip_mask(const Strip& strip, const Shape& offsets, unsigned size, Value* active) {
  Value*& known = at_hand_.strip_masks[{active, offsets.offsets, strip.first, size}];
  if (!known) known = make_strip_mask(strip, offsets, size, active);
  return known;
}

/// The granules from the first active lane's to the last one's, as bits.
Value* Emitter::make_strip_mask(const Strip& strip, const Shape& offsets, unsigned size,
                                Value* active) {
  const auto granule = [&](unsigned lane) {
    return unsigned(offsets.offset(strip.first + lane) - strip.lowest) / strip.granule;
  };
  const unsigned length = size / strip.granule;
  Value* lanes = builder_.CreateAnd(builder_.CreateLShr(active, strip.first),
                                    builder_.getInt32(uint32_t(low_bits(strip.count))));
  lanes = builder_.CreateZExt(lanes, builder_.getInt64Ty());
  if (strip.count <= kMaxTabled) {
    SmallVector<uint64_t> masks(size_t{1} << strip.count);
    for (size_t set = 0; set < masks.size(); ++set)
      for (unsigned lane = 0; lane < strip.count; ++lane)
        if (set >> lane & 1) masks[set] |= low_bits(length) << granule(lane);
    return look_up(masks, lanes);
  }
  SmallVector<uint64_t> from, to;
  for (unsigned lane = 0; lane < strip.count; ++lane) {
    from.push_back(~low_bits(granule(lane)));
    to.push_back(low_bits(granule(lane) + length));
  }
  from.push_back(0);  // no lane is active
  const auto bit = [&](unsigned index) { return builder_.getInt64(uint64_t{1} << index); };
  Value* first =
      builder_.CreateIntrinsic(Intrinsic::cttz, {builder_.getInt64Ty()},
                               {builder_.CreateOr(lanes, bit(strip.count)), builder_.getTrue()});
  Value* above = builder_.CreateIntrinsic(Intrinsic::ctlz, {builder_.getInt64Ty()},
                                          {builder_.CreateOr(lanes, bit(0)), builder_.getTrue()});
  Value* last = builder_.CreateSub(builder_.getInt64(63), above);
  return builder_.CreateAnd(look_up(from, first), look_up(to, last));
}

Value* Emitter::look_up(ArrayRef<uint64_t> numbers, Value* index) {
  Constant* values = ConstantDataArray::get(vector_.getContext(), numbers);
  GlobalVariable*& table = tables_[values];
  if (!table) {
    table = new GlobalVariable(*vector_.getParent(), values->getType(), /*isConstant=*/true,
                               GlobalValue::PrivateLinkage, values, "table");
    table->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  }
  return builder_.CreateLoad(builder_.getInt64Ty(),
                             builder_.CreateGEP(builder_.getInt64Ty(), table, index));
}

}  // namespace anvil::compiler::simd
