// SpecialTokens: where a text spells control tokens, and those that a model's users defined.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "foundry/generation/pieces.hpp"

namespace foundry {

/// Half-open, in bytes.
struct TextSpan {
  std::size_t start = 0;
  std::size_t end = 0;
};

struct SpecialToken {
  std::string_view text;
  std::int32_t token = 0;
  bool is_control = false;   ///< counts only where it is allowed
  bool strips_left = false;  ///< takes the white space before it along
  bool strips_right = false;
};

/// The rule is llama.cpp's: of all special tokens the longest is looked for first, from left to
/// right, then the next in what is left. Immutable and thread-safe.
class SpecialTokens {
 public:
  /// The texts have to live as long; none is empty.
  explicit SpecialTokens(std::vector<SpecialToken> tokens);

  /// A token, or with -1 a text between two.
  struct Part {
    std::string_view text;
    std::int32_t token = -1;
  };
  /// Control tokens count within `allowed`: sorted and disjoint.
  [[nodiscard]] std::vector<Part> split(std::string_view text,
                                        std::span<const TextSpan> allowed) const;
  /// nullptr where no token is spelled so.
  [[nodiscard]] const SpecialToken* find(std::string_view text) const;

 private:
  struct Found {
    TextSpan span;
    const SpecialToken* token;
  };
  [[nodiscard]] std::vector<TextSpan> clusters(std::string_view text) const;
  void find_longest_first(std::string_view text, TextSpan cluster,
                          std::span<const TextSpan> allowed, std::vector<Found>& found) const;

  std::vector<SpecialToken> tokens_;
  std::unordered_map<std::string_view, std::size_t> by_text_;
  std::array<std::vector<std::size_t>, 256> lengths_;  // by the first byte, the longest first
  bool strips_ = false;
};

}  // namespace foundry
