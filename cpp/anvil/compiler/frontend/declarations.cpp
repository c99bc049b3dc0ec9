#include "anvil/compiler/frontend/declarations.hpp"

#include "anvil/compiler/frontend/attributes.hpp"

namespace anvil::compiler {

namespace tok = clang::tok;

bool is_member_or_qualified(const TokenSequence& tokens, size_t i) {
  if (i == 0) return false;
  const Token& before = tokens[i - 1];
  return before.is(tok::period) || before.is(tok::arrow) || before.is(tok::coloncolon);
}

bool is_threadgroup_variable(const TokenSequence& tokens, size_t i) {
  if (i > 0) {
    const Token& before = tokens[i - 1];
    if (before.is(tok::l_paren) || before.is(tok::comma) || before.is(tok::less)) return false;
  }
  int names = 0;
  for (size_t at = i + 1; at < tokens.size();) {
    const Token& token = tokens[at];
    if (token.is("decltype") && tokens[at + 1].is(tok::l_paren)) {
      at = tokens.partner(at + 1) + 1;
      ++names;
    } else if (token.is_identifier()) {
      const bool qualifier = token.text == "const" || token.text == "volatile" ||
                             token.text == "typename" || token.text == "struct" ||
                             token.text == "template" || is_member_or_qualified(tokens, at);
      if (!qualifier) ++names;
      ++at;
    } else if (token.is(tok::coloncolon)) {
      ++at;
    } else if (token.is(tok::less)) {
      const size_t past = tokens.skip_angles(at);
      if (past == at) return false;
      at = past;
    } else if (is_attribute_list(tokens, at)) {
      at = tokens.partner(at) + 1;
    } else {
      return names >= 2 && (token.is(tok::semi) || token.is(tok::l_square) ||
                            token.is(tok::equal) || token.is(tok::comma) || token.is(tok::l_brace));
    }
  }
  return false;
}

bool may_be_small_float(const TokenSequence& tokens, size_t open) {
  const size_t past = tokens.skip_angles(open);
  if (past == open || !tokens[past].is(tok::l_paren)) return false;
  for (size_t i = open + 1; i + 1 < past; ++i) {
    const Token& token = tokens[i];
    if (token.is(tok::star) || token.is(tok::amp) || token.is(tok::ampamp)) return false;
    for (const char* other : {"bool", "char", "uchar", "short", "ushort", "int", "uint", "long",
                              "ulong", "unsigned", "float", "void"})
      if (past == open + 3 && token.is(other)) return false;
  }
  return true;
}

size_t skip_type(const TokenSequence& tokens, size_t at) {
  if (tokens[at].is("decltype") && tokens[at + 1].is(tok::l_paren))
    return tokens.partner(at + 1) + 1;
  for (;;) {
    if (tokens[at].is(tok::coloncolon)) ++at;
    if (tokens[at].is("typename") || tokens[at].is("template")) ++at;
    if (!tokens[at].is_identifier()) return at;
    at = tokens.skip_angles(at + 1);
    if (!tokens[at].is(tok::coloncolon)) return at;
  }
}

void KernelParameters::find(size_t i) {
  for (; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    if (token.is(tok::semi) || token.is(tok::l_brace) || token.is(tok::r_brace)) return;
    if (is_attribute_list(tokens_, i)) {
      i = tokens_.partner(i);
    } else if (token.is(tok::less)) {
      if (const size_t past = tokens_.skip_angles(i); past != i) i = past - 1;
    } else if (token.is(tok::l_paren)) {
      if (tokens_.partner(i) >= tokens_.size()) return;
      if (tokens_[i - 1].is("decltype") || tokens_[i - 1].is("__attribute__") ||
          tokens_[i - 1].is("alignas")) {
        i = tokens_.partner(i);
        continue;
      }
      begin_ = i;
      end_ = tokens_.partner(i);
      return;
    }
  }
}

bool KernelParameters::is_specifier(size_t i) const {
  if (!contains(i)) return false;
  size_t at = begin_ + 1;
  while (at < i) {
    const Token& token = tokens_[at];
    if (token.is(tok::l_paren) || token.is(tok::l_square) || token.is(tok::l_brace)) {
      at = tokens_.partner(at) + 1;
    } else if (token.is(tok::less)) {
      const size_t past = tokens_.skip_angles(at);
      at = past == at ? at + 1 : past;
    } else {
      ++at;
    }
  }
  if (at != i) return false;  // inside of brackets
  for (; at > begin_ + 1 && !tokens_[at - 1].is(tok::comma); --at) {
    const Token& before = tokens_[at - 1];
    if (before.is(tok::star) || before.is(tok::amp) || before.is(tok::ampamp)) return false;
  }
  return true;
}

}  // namespace anvil::compiler
