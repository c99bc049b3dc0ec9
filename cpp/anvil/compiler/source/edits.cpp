#include "anvil/compiler/source/edits.hpp"

#include <algorithm>

namespace anvil::compiler {

EditedText::EditedText(std::string_view original, std::vector<Edit> edits) {
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  text_.reserve(original.size() + original.size() / 4);
  uint32_t done = 0;
  const auto copy_to = [&](uint32_t end) {
    if (end <= done) return;
    pieces_.push_back({static_cast<uint32_t>(text_.size()), done, true});
    text_.append(original.substr(done, end - done));
    done = end;
  };
  for (const Edit& edit : edits) {
    if (edit.begin < done) continue;
    copy_to(edit.begin);
    pieces_.push_back({static_cast<uint32_t>(text_.size()), edit.begin, false});
    text_ += edit.replacement;
    // Blanks up to the width of what was there: what follows on the line keeps its column.
    const std::string_view removed = original.substr(edit.begin, edit.end - edit.begin);
    size_t column = 0, written = edit.replacement.size();
    for (char c : removed) {
      if (c == '\n') {
        text_ += '\n';
        column = written = 0;
      } else if (++column > written) {
        text_ += ' ';
        written = column;
      }
    }
    done = edit.end;
  }
  copy_to(static_cast<uint32_t>(original.size()));
}

uint32_t EditedText::original_offset(uint32_t offset) const {
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                      [](uint32_t at, const Piece& p) { return at < p.begin; });
  if (after == pieces_.begin()) return offset;
  const Piece& piece = *(after - 1);
  return piece.copied ? piece.original + (offset - piece.begin) : piece.original;
}

}  // namespace anvil::compiler
