// Where tokens of several sequences stand.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "foundry/kernel/description.hpp"
#include "foundry/kernel/parameter.hpp"

namespace foundry {

inline constexpr const char* kPlacesDocumentation =
    "u32 (tokens, 2), for each token its position and its sequence, an index of the outermost "
    "dimension that caches and states have then: (sequences, ...). Of a state each token is "
    "another sequence's. start is 0; the numbers are not checked";

/// Of a state: one sequence's extents, or with `places` as many times as `state` has them.
[[nodiscard]] Extents state_extents(const AnyTensor& places, const AnyTensor& state,
                                    std::initializer_list<std::uint64_t> of_one);

[[nodiscard]] ArgumentDescription places_argument(bool has_places);

/// Throws ShapeError, DTypeError or ArgumentError unless `places` are of so many tokens.
void require_places(std::string_view op, const AnyTensor& places, std::uint64_t tokens,
                    const Scalar<std::uint32_t>& start);

}  // namespace foundry
