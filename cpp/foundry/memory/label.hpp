// Label: what a lease is called in messages, "y (14336,) f16".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "foundry/core/inline_vector.hpp"

namespace foundry {

/// The most dimensions a tensor has.
inline constexpr std::size_t kMaxRank = 8;

using Dimensions = InlineVector<std::uint64_t, kMaxRank>;

/// Plain data, cheap to make: formatting happens only when somebody asks.
struct Label {
  std::string name;                 ///< empty: "tensor"
  const char* type_name = nullptr;  ///< a dtype's static name; null: raw bytes
  Dimensions dimensions;            ///< of a tensor; for raw bytes, the length alone

  [[nodiscard]] std::string to_string() const;
};

/// "(4096,)", "(2, 3)", "()".
[[nodiscard]] std::string to_string(const Dimensions& dimensions);

}  // namespace foundry
