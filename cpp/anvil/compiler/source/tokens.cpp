#include "anvil/compiler/source/tokens.hpp"

#include <clang/Basic/LangOptions.h>
#include <clang/Lex/Lexer.h>

#include <algorithm>

namespace anvil::compiler {

namespace tok = clang::tok;

TokenSequence::TokenSequence(std::string_view text) {
  clang::LangOptions options;
  options.CPlusPlus = options.CPlusPlus11 = options.CPlusPlus14 = options.CPlusPlus17 = true;
  options.LineComment = options.Bool = true;
  clang::Lexer lexer(clang::SourceLocation(), options, text.data(), text.data(),
                     text.data() + text.size());
  clang::Token raw;
  for (bool last = false; !last;) {
    last = lexer.LexFromRawLexer(raw);
    if (raw.is(tok::eof)) break;
    const auto end = static_cast<uint32_t>(lexer.getBufferLocation() - text.data());
    const uint32_t begin = end - raw.getLength();
    tokens_.push_back({raw.getKind(), begin, end, text.substr(begin, raw.getLength())});
  }
  eof_.begin = eof_.end = static_cast<uint32_t>(text.size());

  partners_.assign(tokens_.size(), tokens_.size());
  std::vector<size_t> open;
  const auto close = [&](size_t at, tok::TokenKind opener) {
    // A bracket that nobody closed does not hide the ones around it.
    for (size_t depth = open.size(); depth-- > 0;) {
      if (!tokens_[open[depth]].is(opener)) continue;
      partners_[open[depth]] = at;
      partners_[at] = open[depth];
      open.resize(depth);
      return;
    }
  };
  for (size_t i = 0; i < tokens_.size(); ++i) {
    switch (tokens_[i].kind) {
      case tok::l_paren:
      case tok::l_square:
      case tok::l_brace:
        open.push_back(i);
        break;
      case tok::r_paren:
        close(i, tok::l_paren);
        break;
      case tok::r_square:
        close(i, tok::l_square);
        break;
      case tok::r_brace:
        close(i, tok::l_brace);
        break;
      default:
        break;
    }
    const Token& next = (*this)[i + 1];
    if ((tokens_[i].is("struct") || tokens_[i].is("class") || tokens_[i].is("union")) &&
        next.is_identifier())
      classes_.insert(next.text);
  }
}

bool TokenSequence::qualifies_constructor(size_t index) const {
  size_t close = index;
  while (close > 0 && tokens_[close - 1].is_identifier()) --close;
  if (close == 0 || !tokens_[--close].is(tok::r_paren)) return false;
  const size_t open = partners_[close];
  return open > 0 && open < size() && tokens_[open - 1].is_identifier() &&
         classes_.contains(tokens_[open - 1].text);
}

size_t TokenSequence::skip_angles(size_t open) const {
  if (!(*this)[open].is(tok::less)) return open;
  // Longer lists do not occur; a long expression full of < would make the search quadratic.
  constexpr size_t kMaxTokens = 4096;
  int depth = 0;
  for (size_t i = open; i < std::min(size(), open + kMaxTokens); ++i) {
    switch (tokens_[i].kind) {
      case tok::less:
        ++depth;
        break;
      case tok::greater:
        --depth;
        break;
      case tok::greatergreater:
        depth -= 2;
        break;
      case tok::l_paren:
      case tok::l_square:
        if (i = partner(i); i >= size()) return open;
        break;
      case tok::l_brace:
        if (i = partner(i); i >= size()) return open;
        break;
      case tok::semi:
        return open;
      default:
        break;
    }
    if (depth <= 0) return i + 1;
  }
  return open;
}

}  // namespace anvil::compiler
