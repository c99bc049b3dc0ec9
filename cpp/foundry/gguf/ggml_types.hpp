// The numbers that GGUF files use for tensor types.
#pragma once

#include <cstdint>
#include <optional>

#include "foundry/tensor/dtype.hpp"

namespace foundry {

/// ggml.h's ggml_type; nullopt for a number it does not have, or had once and dropped.
[[nodiscard]] std::optional<DType> dtype_of_ggml_type(std::uint32_t type) noexcept;

}  // namespace foundry
