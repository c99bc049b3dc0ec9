// shape.hpp: what is known at compile time about how a value differs between the 32 lanes.
#pragma once

#include <array>
#include <cstdint>
#include <set>

#include "anvil/abi/kernel_abi.h"

namespace anvil::compiler::simd {

inline constexpr unsigned kLanes = ANVIL_SIMD_WIDTH;
using LaneOffsets = std::array<int64_t, kLanes>;

/// Sign-extended from the low `width` bits.
inline int64_t wrap(int64_t value, unsigned width) {
  return width >= 64 ? value : int64_t(uint64_t(value) << (64 - width)) >> (64 - width);
}

/// A point of the lattice  unknown < affine < varying.
///
/// Affine: lane l holds `base + offsets[l]` modulo the width of the type, with a scalar base that
/// is only known at run time; all offsets zero means uniform. Karrenberg & Hack (CGO 2011) track a
/// stride here; a whole vector of offsets also covers `lane / 4`, `lane & 15` and the like, the
/// addressing of block-quantised weights.
class Shape {
 public:
  Shape() = default;
  static Shape varying() { return Shape(Kind::varying); }
  static Shape uniform(unsigned alignment) {
    Shape shape(Kind::affine);
    shape.alignment = alignment;
    shape.no_signed_wrap = shape.no_unsigned_wrap = true;
    return shape;
  }

  bool is_unknown() const { return kind_ == Kind::unknown; }
  bool is_affine() const { return kind_ == Kind::affine; }
  bool is_varying() const { return kind_ == Kind::varying; }
  bool is_uniform() const { return is_affine() && !offsets; }
  /// The same in every dispatch: lane l holds constant_base + offset(l).
  bool is_constant() const { return is_affine() && constant; }
  int64_t constant_of(unsigned lane, unsigned width) const {
    return wrap(constant_base + offset(lane), width);
  }
  int64_t offset(unsigned lane) const { return offsets ? (*offsets)[lane] : 0; }
  int64_t min_offset() const;
  int64_t max_offset() const;
  /// Lane l's offset is offset(0) + l * stride.
  bool has_stride(int64_t stride) const;
  /// The largest power of two of lanes, counted from 0, whose neighbours are `stride` apart.
  unsigned group_size(int64_t stride) const;
  /// No lane's offset reaches the base's lowest possibly non-zero bit, so adding them never
  /// carries.
  bool offsets_below_alignment() const;

  bool operator==(const Shape&) const = default;

  const LaneOffsets* offsets = nullptr;  ///< interned; null: zero in every lane
  uint8_t alignment = 0;                 ///< the base is a multiple of 2^alignment
  bool constant = false;
  int64_t constant_base = 0;  ///< the base itself, sign-extended, if it is constant
  /// sext(base) + offset == sext(base + offset) in every active lane; likewise for zext.
  bool no_signed_wrap = false;
  bool no_unsigned_wrap = false;

 private:
  enum class Kind : uint8_t { unknown, affine, varying };
  explicit Shape(Kind kind) : kind_(kind) {}
  Kind kind_ = Kind::unknown;
};

inline constexpr unsigned kMaxAlignment = 63;

/// Owns the offset vectors, so that equal ones have one address.
class OffsetPool {
 public:
  /// base + offsets; null is returned inside the shape if all are zero.
  Shape affine(const LaneOffsets& offsets, unsigned alignment);
  /// Lane l holds exactly values[l], sign-extended from `width` bits. The base is lane 0's value,
  /// so that what starts at `lane` and is stepped by a uniform amount keeps its offsets.
  Shape constants(const LaneOffsets& values, unsigned width);
  /// The least shape that covers both: what a value is that may be either.
  Shape join(const Shape& a, const Shape& b);

 private:
  const LaneOffsets* intern(const LaneOffsets& offsets);
  std::set<LaneOffsets> pool_;
};

}  // namespace anvil::compiler::simd
