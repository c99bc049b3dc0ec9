// SentencePiece: its byte pair encoding, whose merges go by the tokens' scores.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "foundry/generation/pieces.hpp"
#include "foundry/generation/text_tables.hpp"

namespace foundry {

/// Of two neighbours that make a token together, those of the best score do so first, of equals the
/// leftmost; a character that is no token becomes bytes (Kudo and Richardson 2018). Immutable and
/// thread-safe.
class SentencePiece {
 public:
  /// `tables` has to live as long.
  SentencePiece(const TextTables& tables, std::size_t tokens);

  /// Appends the ids of a text of UTF-8, which `begins` where it is the first or after a special
  /// token: some models put a space before it.
  void encode(std::string_view text, bool begins, std::vector<std::int32_t>& ids) const;

 private:
  TokensByText ids_;
  std::span<const float> scores_;
  std::array<std::int32_t, 256> of_byte_{};
  bool has_space_prefix_ = false;
};

}  // namespace foundry
