// edits.hpp: a set of replacements in a text that keeps every line where it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace anvil::compiler {

/// Replaces [begin, end) of the text by `replacement`, which must not contain a newline.
struct Edit {
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string replacement;
};

/// A text after its edits. Line N of it stems from line N of the original: what an edit removes
/// becomes blanks, line breaks stay, and `original_offset` undoes the shifts inside a line.
class EditedText {
 public:
  /// `edits` need not be sorted; where two overlap, the one that begins first (or is longer) wins.
  EditedText(std::string_view original, std::vector<Edit> edits);

  const std::string& text() const { return text_; }
  /// The place in the original that byte `offset` of the text stems from.
  uint32_t original_offset(uint32_t offset) const;

 private:
  struct Piece {
    uint32_t begin;     ///< in the text
    uint32_t original;  ///< in the original
    bool copied;        ///< false: every byte of the piece stems from `original`
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace anvil::compiler
