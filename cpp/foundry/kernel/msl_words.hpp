// Words that MSL keeps for itself, and that a kernel, an argument or a member cannot be called.
#pragma once

#include <string_view>

namespace foundry {

/// Whether it is a keyword of MSL or C++14, a built-in type, a macro of <metal_stdlib>, or of the
/// form that C++ reserves.
[[nodiscard]] bool is_msl_word(std::string_view name) noexcept;

/// Letters, digits and underscores, no digit first.
[[nodiscard]] bool is_msl_identifier(std::string_view name) noexcept;

}  // namespace foundry
