#include "anvil/compiler/simd/shape.hpp"

#include <algorithm>

namespace anvil::compiler::simd {

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

unsigned Shape::group_size(int64_t stride) const {
  unsigned count = kLanes;
  for (unsigned lane = 1; lane < kLanes; ++lane)
    while (lane % count && offset(lane) - offset(lane - 1) != stride) count /= 2;
  return count;
}

bool Shape::offsets_below_alignment() const {
  return min_offset() >= 0 &&
         (alignment >= kMaxAlignment || max_offset() < int64_t{1} << alignment);
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

Shape OffsetPool::constants(const LaneOffsets& values, unsigned width) {
  const auto as_unsigned = [&](int64_t value) {
    return width >= 64 ? uint64_t(value) : uint64_t(value) & ((uint64_t{1} << width) - 1);
  };
  LaneOffsets offsets;
  bool no_signed_wrap = true, no_unsigned_wrap = true;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    offsets[lane] = wrap(int64_t(uint64_t(values[lane]) - uint64_t(values[0])), width);
    no_signed_wrap &= values[0] + offsets[lane] == values[lane];
    no_unsigned_wrap &=
        as_unsigned(values[0]) + uint64_t(offsets[lane]) == as_unsigned(values[lane]);
  }
  Shape shape = affine(offsets, values[0] ? __builtin_ctzll(values[0]) : kMaxAlignment);
  shape.constant = true;
  shape.constant_base = values[0];
  shape.no_signed_wrap = no_signed_wrap;
  shape.no_unsigned_wrap = no_unsigned_wrap;
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

}  // namespace anvil::compiler::simd
