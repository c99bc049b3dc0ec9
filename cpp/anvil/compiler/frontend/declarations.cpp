#include "anvil/compiler/frontend/declarations.hpp"

#include "anvil/compiler/frontend/attributes.hpp"
#include "anvil/compiler/frontend/keywords.hpp"

namespace anvil::compiler {

namespace tok = clang::tok;

bool is_member_or_qualified(const TokenSequence& tokens, size_t i) {
  if (i == 0) return false;
  const Token& before = tokens[i - 1];
  return before.is(tok::period) || before.is(tok::arrow) || before.is(tok::coloncolon);
}

bool is_parameter(const TokenSequence& tokens, size_t open) {
  size_t at = open;
  while (is_attribute_list(tokens, at)) at = tokens.partner(at) + 1;
  return tokens[at].is(tok::comma) || tokens[at].is(tok::r_paren);
}

std::optional<size_t> array_parameter_name(const TokenSequence& tokens, size_t space) {
  size_t first = space;  // of the declaration
  while (first > 0 && (tokens[first - 1].is_identifier() || tokens[first - 1].is(tok::coloncolon) ||
                       tokens[first - 1].is(tok::r_square))) {
    first = tokens[first - 1].is(tok::r_square) ? tokens.partner(first - 1) : first - 1;
    if (first >= space) return {};  // a bracket without a partner
  }
  if (first == 0 || (!tokens[first - 1].is(tok::l_paren) && !tokens[first - 1].is(tok::comma)))
    return {};
  for (size_t at = space + 1; at < tokens.size();) {
    if (tokens[at].is(tok::less)) {
      const size_t past = tokens.skip_angles(at);
      if (past == at) return {};
      at = past;
    } else if (tokens[at].is(tok::l_square) && !is_attribute_list(tokens, at)) {
      if (!tokens[at - 1].is_identifier() || at - 1 == space) return {};
      size_t after = at;
      while (tokens[after].is(tok::l_square) && tokens.partner(after) < tokens.size())
        after = tokens.partner(after) + 1;
      if (tokens[after].is(tok::comma) || tokens[after].is(tok::r_paren)) return at - 1;
      return {};
    } else if (tokens[at].is_identifier() || tokens[at].is(tok::coloncolon)) {
      ++at;
    } else {
      return {};
    }
  }
  return {};
}

std::vector<std::pair<size_t, size_t>> initialiser_lists(const TokenSequence& tokens,
                                                         size_t space) {
  std::vector<std::pair<size_t, size_t>> lists;
  bool pointer = false;
  for (size_t at = space + 1; at < tokens.size(); ++at) {
    const Token& token = tokens[at];
    if (token.is(tok::semi) || token.is(tok::r_paren) || token.is(tok::r_brace)) break;
    if (token.is(tok::comma)) {
      pointer = false;
    } else if (token.is(tok::star) || token.is(tok::amp)) {
      pointer = true;
    } else if (token.is(tok::equal) && tokens[at + 1].is(tok::l_brace) && !pointer &&
               tokens.partner(at + 1) < tokens.size()) {
      lists.emplace_back(at, tokens.partner(at + 1) + 1);
    }
    if (token.is(tok::l_paren) || token.is(tok::l_square) || token.is(tok::l_brace)) {
      if (tokens.partner(at) >= tokens.size()) break;
      at = tokens.partner(at);
    }
  }
  // What has no constants alone has a meaning, which it would lose.
  std::erase_if(lists, [&](const auto& list) {
    for (size_t at = list.first + 1; at < list.second; ++at) {
      const Token& token = tokens[at];
      if (!token.is(tok::l_brace) && !token.is(tok::r_brace) && !token.is(tok::comma) &&
          !token.is(tok::numeric_constant) && !token.is(tok::minus) && !token.is("true") &&
          !token.is("false"))
        return true;
    }
    return false;
  });
  return lists;
}

bool follows_specifier(const TokenSequence& tokens, size_t i) {
  if (i == 0 || !tokens[i - 1].is_identifier()) return false;
  for (const char* word : {"const", "volatile", "static", "constexpr", "inline"})
    if (tokens[i - 1].is(word)) return true;
  return keyword_of(tokens[i - 1].text) == Keyword::address_space;
}

bool is_argument(const TokenSequence& tokens, size_t first, size_t last) {
  const auto ends = [&](size_t at) {
    return tokens[at].is(tok::comma) || tokens[at].is(tok::r_paren);
  };
  if (first == 0 || !ends(last + 1)) return false;
  if (!tokens[first - 1].is(tok::l_paren) && !tokens[first - 1].is(tok::comma)) return false;
  // The names before the parentheses around it.
  bool call = false;
  for (size_t at = first; at-- > 0;) {
    const Token& token = tokens[at];
    if (token.is(tok::r_paren) || token.is(tok::r_square) || token.is(tok::r_brace)) {
      if (tokens.partner(at) >= tokens.size()) return false;
      at = tokens.partner(at);
    } else if (token.is(tok::l_paren) && at > 0) {
      for (const char* other : {"static_assert", "__attribute__", "__declspec", "_Pragma", "asm",
                                "__asm", "__asm__", "volatile", "inline", "goto"})
        if (tokens[at - 1].is(other)) return false;
      if (tokens[at - 1].text.starts_with("__builtin_")) return false;
      call |= tokens[at - 1].is_identifier();
    } else if (token.is(tok::semi) || token.is(tok::l_brace)) {
      break;
    }
  }
  return call;
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

}  // namespace anvil::compiler
