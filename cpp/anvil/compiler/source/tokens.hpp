// tokens.hpp: expanded MSL text as a sequence of raw C++ tokens.
#pragma once

#include <clang/Basic/TokenKinds.h>

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

namespace anvil::compiler {

struct Token {
  clang::tok::TokenKind kind = clang::tok::eof;
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string_view text;

  bool is(clang::tok::TokenKind k) const { return kind == k; }
  bool is_identifier() const { return kind == clang::tok::raw_identifier; }
  bool is(std::string_view identifier) const { return is_identifier() && text == identifier; }
};

/// Tokens of a text; `index` past either end gives an eof token, so that no look-ahead needs a
/// check. The text must outlive the object and be followed by a NUL byte (std::string's is).
class TokenSequence {
 public:
  explicit TokenSequence(std::string_view text);

  size_t size() const { return tokens_.size(); }
  const Token& operator[](size_t index) const {
    return index < tokens_.size() ? tokens_[index] : eof_;
  }
  /// For a bracket: the index of its partner, or size() where it has none.
  size_t partner(size_t bracket) const { return partners_[bracket]; }
  /// Past the template argument list that opens with the `<` at `open`; `open` itself where it is
  /// no such list. `>>` closes two; a semicolon ends the search.
  size_t skip_angles(size_t open) const;
  /// Whether token `index` qualifies a constructor: `C(T x) constant : ...`.
  bool qualifies_constructor(size_t index) const;

 private:
  std::vector<Token> tokens_;
  std::vector<size_t> partners_;
  std::set<std::string_view> classes_;  // names that follow struct, class or union
  Token eof_;
};

}  // namespace anvil::compiler
