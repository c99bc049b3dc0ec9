// BytePair: byte pair encoding, of bytes or of texts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "foundry/generation/pieces.hpp"
#include "foundry/generation/text_tables.hpp"
#include "foundry/generation/word_cutter.hpp"

namespace foundry {

/// Of a word's neighbours those that merge earliest do so first, of equals the leftmost (Sennrich
/// et al. 2016). Immutable and thread-safe.
class BytePair {
 public:
  /// `tables` has to live as long.
  BytePair(const TextTables& tables, std::size_t tokens);

  /// Appends the ids of a text of UTF-8.
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const;

 private:
  struct Merge {
    std::uint32_t rank = 0;
    std::int32_t token = 0;
  };
  struct Candidate;
  void encode_words(std::string_view text, std::vector<std::int32_t>& ids) const;
  void encode_word(std::string_view word, std::vector<std::int32_t>& ids) const;
  std::vector<std::int32_t> characters(std::string_view word) const;
  [[nodiscard]] const Merge* merge_of(std::int32_t left, std::int32_t right) const;

  WordCutter cutter_;
  TokensByText ids_;
  std::unordered_map<std::uint64_t, Merge> merges_;
  std::array<std::int32_t, 256> of_byte_{};
  bool is_bytewise_ = false;
  bool has_whole_words_ = false;
  bool has_whole_newlines_ = false;
};

}  // namespace foundry
