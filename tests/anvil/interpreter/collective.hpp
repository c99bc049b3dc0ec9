// collective.hpp: the primitives that work across the lanes of a simdgroup.
#pragma once

#include <llvm/ADT/StringRef.h>

#include <array>
#include <cstdint>
#include <optional>

#include "anvil/abi/kernel_abi.h"

namespace anvil::oracle {

/// A word a lane.
using Lanes = std::array<uint64_t, ANVIL_SIMD_WIDTH>;

/// What `__anvil_<ballot|shuffle|reduce|scan>...` gives each lane; nothing for another name.
/// `active` has bit l set where lane l takes part; `second` is the shuffles' lane argument. Values
/// of lanes that take no part are ignored, and unspecified in the result.
std::optional<Lanes> collective(llvm::StringRef name, uint32_t active, const Lanes& first,
                                const Lanes& second);

}  // namespace anvil::oracle
