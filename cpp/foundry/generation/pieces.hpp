// Pieces: what tokenizer models have in common: tokens by how a text spells them, tokens of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "foundry/generation/text_tables.hpp"

namespace foundry {

using TokensByText = std::unordered_map<std::string_view, std::int32_t>;

/// A space as SentencePiece spells it, U+2581.
inline constexpr std::string_view kSpelledSpace = "\xE2\x96\x81";

/// Views into `tables`. ProgramError unless there are so many texts.
[[nodiscard]] TokensByText tokens_by_text(const TextTables& tables, std::size_t tokens);
/// Of each byte its token; -1, where that may be, for none.
[[nodiscard]] std::array<std::int32_t, 256> tokens_of_bytes(const TextTables& tables,
                                                            std::size_t tokens, bool may_be_none);
/// The text with kSpelledSpace for spaces.
[[nodiscard]] std::string spelled(std::string_view text);

}  // namespace foundry
