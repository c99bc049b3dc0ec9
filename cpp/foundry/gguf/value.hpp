// GgufValue: one metadata value of a GGUF file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace foundry {

/// Arrays keep their element type; arrays of arrays are refused by the reader (no model has one).
/// Strings are views into memory of the GgufFile: valid as long as it is.
using GgufValue =
    std::variant<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t,
                 std::int32_t, float, bool, std::string_view, std::uint64_t, std::int64_t, double,
                 std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
                 std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>,
                 std::vector<float>, std::vector<bool>, std::vector<std::string_view>,
                 std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>>;

/// Of an integer of any width that is not negative; else nullopt.
[[nodiscard]] std::optional<std::uint64_t> unsigned_value(const GgufValue& value);

/// "u32 5", "string 'llama'", "array of 49152 string".
[[nodiscard]] std::string to_string(const GgufValue& value);

}  // namespace foundry
