// strips.hpp: lanes that read near each other read from a few registers.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <optional>

#include "anvil/compiler/simd/shape.hpp"

namespace anvil::compiler::simd {

/// The bytes that some neighbouring lanes read, from the first to the last, as loads that lie
/// within them. It is smaller than a page and its ends belong to lanes: no page is touched that
/// they don't touch.
struct Strip {
  unsigned first, count;  ///< lanes
  int64_t lowest;         ///< of their offsets
  int64_t bytes;
  unsigned granule;                      ///< in bytes: each lane's value starts and ends on one
  unsigned piece;                        ///< bytes of one load
  llvm::SmallVector<int64_t, 4> places;  ///< of the loads, from `lowest` on
  bool ascending;                        ///< no lane's offset is below the one before

  unsigned granules() const { return unsigned(bytes) / granule; }
};

/// A strip for each register of the result, for the first `lanes`; none if one of them would take
/// too many loads. `size` is a lane's value's, in bytes.
std::optional<llvm::SmallVector<Strip, 8>> plan_strips(const Shape& form, unsigned size,
                                                       unsigned register_bytes, unsigned lanes);

}  // namespace anvil::compiler::simd
