#include "anvil/compiler/simd/strips.hpp"

#include <llvm/ADT/bit.h>

#include <algorithm>
#include <numeric>

namespace anvil::compiler::simd {

using namespace llvm;

namespace {

/// Two registers are one permutation, each more another.
constexpr size_t kMaxPieces = 4;
/// In bytes: what registers are permuted by.
constexpr unsigned kMaxGranule = 8;

std::optional<Strip> plan_strip(const Shape& form, unsigned first, unsigned count, unsigned size,
                                unsigned register_bytes) {
  Strip strip{first, count, form.offset(first), 0, std::gcd(size, kMaxGranule), 0, {}, true};
  int64_t highest = strip.lowest;
  for (unsigned lane = first; lane < first + count; ++lane) {
    strip.lowest = std::min(strip.lowest, form.offset(lane));
    highest = std::max(highest, form.offset(lane));
    strip.ascending &= lane == first || form.offset(lane - 1) <= form.offset(lane);
  }
  strip.bytes = highest - strip.lowest + size;
  if (strip.bytes > int64_t(kMaxPieces * register_bytes)) return std::nullopt;
  for (unsigned lane = first; lane < first + count; ++lane)
    strip.granule = std::gcd(strip.granule, unsigned(form.offset(lane) - strip.lowest));
  strip.piece = std::min(register_bytes, unsigned(bit_floor(uint64_t(strip.bytes))));
  for (int64_t place = 0; place + strip.piece < strip.bytes; place += strip.piece)
    strip.places.push_back(place);
  strip.places.push_back(strip.bytes - strip.piece);
  return strip;
}

}  // namespace

std::optional<SmallVector<Strip, 8>> plan_strips(const Shape& form, unsigned size,
                                                 unsigned register_bytes, unsigned lanes) {
  const unsigned count = std::clamp(bit_floor(register_bytes / size), 1u, lanes);
  SmallVector<Strip, 8> strips;
  for (unsigned lane = 0; lane < lanes; lane += count) {
    const auto strip = plan_strip(form, lane, count, size, register_bytes);
    if (!strip) return std::nullopt;
    strips.push_back(*strip);
  }
  return strips;
}

}  // namespace anvil::compiler::simd
