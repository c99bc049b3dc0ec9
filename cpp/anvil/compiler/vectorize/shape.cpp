#include "shape.hpp"

#include <algorithm>

namespace anvil::vectorizer {

int64_t Shape::min_offset() const {
  return offsets ? *std::min_element(offsets->begin(), offsets->end()) : 0;
}

int64_t Shape::max_offset() const {
  return offsets ? *std::max_element(offsets->begin(), offsets->end()) : 0;
}

bool Shape::has_stride(int64_t stride) const {
  if (!is_affine()) return false;
  for (unsigned lane = 1; lane < kLanes; ++lane)
    if (offset(lane) - offset(lane - 1) != stride) return false;
  return true;
}

bool Shape::offsets_below_alignment() const {
  return min_offset() >= 0 && (alignment >= kMaxAlignment || max_offset() < int64_t{1} << alignment);
}

const LaneOffsets* OffsetPool::intern(const LaneOffsets& offsets) {
  if (offsets == LaneOffsets{}) return nullptr;
  return &*pool_.insert(offsets).first;
}

Shape OffsetPool::affine(const LaneOffsets& offsets, unsigned alignment) {
  Shape shape = Shape::uniform(std::min(alignment, kMaxAlignment));
  shape.offsets = intern(offsets);
  shape.no_signed_wrap = shape.no_unsigned_wrap = shape.is_uniform();
  return shape;
}

Shape OffsetPool::constants(const LaneOffsets& values) {
  const bool same = std::count(values.begin(), values.end(), values[0]) == kLanes;
  Shape shape = same ? Shape::uniform(values[0] ? __builtin_ctzll(values[0]) : kMaxAlignment)
                     : affine(values, kMaxAlignment);
  shape.constant = true;
  shape.constant_base = same ? values[0] : 0;
  shape.no_signed_wrap = true;
  shape.no_unsigned_wrap = same || shape.min_offset() >= 0;
  return shape;
}

Shape OffsetPool::join(const Shape& a, const Shape& b) {
  if (a.is_unknown()) return b;
  if (b.is_unknown() || a == b) return a;
  if (a.is_varying() || b.is_varying() || a.offsets != b.offsets) return Shape::varying();
  Shape shape = a;
  shape.alignment = std::min(a.alignment, b.alignment);
  shape.constant = a.constant && b.constant && a.constant_base == b.constant_base;
  shape.no_signed_wrap &= b.no_signed_wrap;
  shape.no_unsigned_wrap &= b.no_unsigned_wrap;
  return shape;
}

}  // namespace anvil::vectorizer
