#include "anvil/compiler/frontend/duplicates.hpp"

#include <string>
#include <unordered_map>

#include "anvil/compiler/frontend/keywords.hpp"

namespace anvil::compiler {
namespace {

namespace tok = clang::tok;

class DuplicateFinder {
 public:
  explicit DuplicateFinder(const TokenSequence& tokens) : tokens_(tokens) {}

  std::vector<Edit> run() {
    scan(0, tokens_.size(), "", 0);
    return std::move(edits_);
  }

 private:
  static constexpr int kMaxNesting = 64;  // of namespaces and classes

  // Declarations in [first, last), a namespace's or class's body; `scope` tells it from others.
  void scan(size_t first, size_t last, const std::string& scope, int nesting) {
    for (size_t i = first; i < last;) {
      if (tokens_[i].is(tok::semi) || tokens_[i].is(tok::r_brace)) {
        ++i;
      } else if (is_access_specifier(i)) {
        i += 2;
      } else {
        i = declaration(i, last, scope, nesting);
      }
    }
  }
  bool is_access_specifier(size_t i) const {
    return (tokens_[i].is("public") || tokens_[i].is("private") || tokens_[i].is("protected")) &&
           tokens_[i + 1].is(tok::colon);
  }

  // Gives the index after the declaration that begins at `first`.
  size_t declaration(size_t first, size_t last, const std::string& scope, int nesting) {
    bool is_namespace = false, is_class = false, has_parameters = false, initialisers = false;
    for (size_t i = first; i < last;) {
      const Token& token = tokens_[i];
      if (token.is(tok::semi)) {
        // Members may not even be declared twice.
        if (has_parameters) remember(first, i + 1, scope);
        return i + 1;
      }
      if (token.is(tok::l_paren) || token.is(tok::l_square)) {
        has_parameters |= token.is(tok::l_paren);
        if (tokens_.partner(i) >= last) return last;
        i = tokens_.partner(i) + 1;
      } else if (token.is(tok::less)) {
        const size_t past = tokens_.skip_angles(i);
        i = past == i ? i + 1 : past;
      } else if (token.is(tok::equal) && !tokens_[i - (i > first)].is("operator")) {
        return skip_to_semicolon(i, last);
      } else if (token.is(tok::l_brace)) {
        const size_t close = tokens_.partner(i);
        if (close >= last) return last;
        if (is_namespace) {
          if (nesting < kMaxNesting) scan(i + 1, close, scope + name(first, i) + "{", nesting + 1);
          return close + 1;
        }
        if (is_class && !has_parameters) {
          const size_t after = skip_to_semicolon(close, last);
          if (!remember(first, after, scope) && nesting < kMaxNesting)
            scan(i + 1, close, scope + std::to_string(i) + "{", nesting + 1);
          return after;
        }
        const Token& before = tokens_[i - (i > first)];
        if (initialisers && (before.is_identifier() || before.is(tok::greater))) {
          i = close + 1;  // a{...} in a constructor's initialisers
          continue;
        }
        if (has_parameters) remember(first, close + 1, scope);
        return close + 1;
      } else {
        is_namespace |= token.is("namespace");
        is_class |= token.is("struct") || token.is("class") || token.is("union");
        initialisers |= token.is(tok::colon) && has_parameters;
        ++i;
      }
    }
    return last;
  }

  size_t skip_to_semicolon(size_t i, size_t last) const {
    for (; i < last; ++i) {
      const Token& token = tokens_[i];
      if (token.is(tok::semi)) return i + 1;
      if (token.is(tok::l_paren) || token.is(tok::l_square) || token.is(tok::l_brace)) {
        if (tokens_.partner(i) >= last) return last;
        i = tokens_.partner(i);
      }
    }
    return last;
  }

  // Blanks [first, last) if its text is known in that scope; says whether it was. Text that was
  // the same before erasure is the user's own mistake, for clang to report.
  bool remember(size_t first, size_t last, const std::string& scope) {
    std::string spelling;
    for (size_t i = first; i < last; ++i) spelling.append(tokens_[i].text) += ' ';
    const auto [known, fresh] = seen_.try_emplace(scope + name(first, last), spelling);
    if (fresh || known->second == spelling) return false;
    edits_.push_back({tokens_[first].begin, tokens_[last - 1].end, ""});
    return true;
  }

  // The text with address spaces erased, one const for several.
  std::string name(size_t first, size_t last) const {
    std::string text;
    bool after_const = false;
    for (size_t i = first; i < last; ++i) {
      const Token& token = tokens_[i];
      const Keyword kind = token.is_identifier() ? keyword_of(token.text) : Keyword::none;
      if (kind == Keyword::address_space || kind == Keyword::threadgroup) continue;
      if (kind == Keyword::constant && tokens_.qualifies_constructor(i)) continue;
      const bool is_const = kind == Keyword::constant || token.is("const");
      if (is_const && after_const) continue;
      after_const = is_const;
      text += is_const ? std::string_view("const") : token.text;
      text += ' ';
    }
    return text;
  }

  const TokenSequence& tokens_;
  std::unordered_map<std::string, std::string> seen_;  // text in its scope -> first spelling
  std::vector<Edit> edits_;
};

}  // namespace

std::vector<Edit> find_duplicates(const TokenSequence& tokens) {
  return DuplicateFinder(tokens).run();
}

}  // namespace anvil::compiler
