#include "foundry/kernel/places.hpp"

#include <span>

#include "foundry/core/error.hpp"
#include "foundry/core/inline_vector.hpp"

namespace foundry {

ArgumentDescription places_argument(bool has_places) {
  return ArgumentDescription::optional_buffer("places", Access::read, DType::u32, has_places);
}

Extents state_extents(const AnyTensor& places, const AnyTensor& state,
                      std::initializer_list<std::uint64_t> of_one) {
  if (!places) return Extents(of_one);
  InlineVector<std::uint64_t, kMaxRank> all;
  all.push_back(state.rank() == 0 ? 1 : state.extents()[0]);
  for (const std::uint64_t extent : of_one) all.push_back(extent);
  return Extents(std::span(all.data(), all.size()));
}

void require_places(std::string_view op, const AnyTensor& places, std::uint64_t tokens,
                    const Scalar<std::uint32_t>& start) {
  const Extents wanted{tokens, 2};
  if (places.extents() != wanted) {
    throw ShapeError(
        concat(op, ": places is ", to_string(places.extents()), ", not ", to_string(wanted)));
  }
  if (places.dtype() != DType::u32) {
    throw DTypeError(concat(op, ": places takes u32, got ", places.describe()));
  }
  if (start.parameter() || start.value() != 0) {
    throw ArgumentError(concat(op, ": start and places are given; with places it is 0"));
  }
}

}  // namespace foundry
