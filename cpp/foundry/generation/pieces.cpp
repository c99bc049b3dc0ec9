#include "foundry/generation/pieces.hpp"

#include <algorithm>

namespace foundry {

TokensByText tokens_by_text(const TextTables& tables, std::size_t tokens) {
  const auto texts = tables.byte_strings("pieces.spelled");
  tables.require_count("pieces.spelled.ends", texts.size(), tokens);
  TokensByText found;
  found.reserve(tokens);
  for (std::size_t token = 0; token < tokens; ++token) {
    if (!texts[token].empty()) found.emplace(texts[token], static_cast<std::int32_t>(token));
  }
  return found;
}

std::array<std::int32_t, 256> tokens_of_bytes(const TextTables& tables, std::size_t tokens,
                                              bool may_be_none) {
  std::array<std::int32_t, 256> found{};
  const auto of_byte = tables.numbers<std::int32_t>("pieces.bytes", found.size());
  tables.require_tokens("pieces.bytes", of_byte, tokens, may_be_none);
  std::ranges::copy(of_byte, found.begin());
  return found;
}

std::string spelled(std::string_view text) {
  std::string found;
  found.reserve(text.size());
  for (const char byte : text) {
    if (byte == ' ') {
      found += kSpelledSpace;
    } else {
      found += byte;
    }
  }
  return found;
}

}  // namespace foundry
