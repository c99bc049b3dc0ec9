// WordCutter: cuts a text into words as a pre-tokenizer's patterns say.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "foundry/generation/text_tables.hpp"

namespace foundry {

/// An instruction of a pattern's program (python/foundry/export/pattern_program.py).
struct PatternInstruction {
  enum class Op : std::uint8_t {
    match,
    take,    // a character of class x
    split,   // goes on at x, else at y
    jump,    // goes on at x
    ahead,   // there is a next character and it is of class x: true is y
    behind,  // the same of the character before
    look,    // what begins at x matches from here: true is y
    begin,   // of the piece
    end,
  };
  Op op = Op::match;
  std::uint32_t x = 0;
  std::uint32_t y = 0;
};

/// A match runs its program as threads that advance together, a preferred one before the others
/// (Pike 1987): in time proportional to its length times the program. Immutable and thread-safe.
class WordCutter {
 public:
  /// Takes no words from `tables` but its own. ProgramError where they do not fit together.
  explicit WordCutter(const TextTables& tables);

  /// The words of a text of UTF-8, in order and without gaps: each pattern cuts what those before
  /// it left, and what lies between its matches is a word, too.
  [[nodiscard]] std::vector<std::string_view> cut(std::string_view text) const;

 private:
  using Program = std::vector<PatternInstruction>;
  void check(const TextTables& tables, const Program& program) const;

  std::vector<std::uint8_t> code_of_;   // of each code point
  std::vector<std::uint8_t> has_code_;  // for each class and code
  std::uint32_t codes_ = 1;
  std::vector<Program> programs_;

  friend class PatternMatcher;
};

}  // namespace foundry
