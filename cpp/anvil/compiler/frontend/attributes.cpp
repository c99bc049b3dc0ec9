#include "anvil/compiler/frontend/attributes.hpp"

#include <optional>

#include "anvil/compiler/frontend/keywords.hpp"

namespace anvil::compiler {

namespace tok = clang::tok;

bool is_attribute_list(const TokenSequence& tokens, size_t i) {
  return tokens[i].is(tok::l_square) && tokens[i + 1].is(tok::l_square) &&
         tokens.partner(i) < tokens.size() && tokens.partner(i + 1) + 1 == tokens.partner(i);
}

std::vector<Attribute> parse_attributes(const TokenSequence& tokens, size_t open) {
  std::vector<Attribute> attributes;
  const size_t close = tokens.partner(open + 1);
  for (size_t i = open + 2; i < close;) {
    Attribute attribute{i, i, tokens[i].text};
    while (i < close && !tokens[i].is(tok::comma)) {
      attribute.scoped |= tokens[i].is(tok::coloncolon);
      if (tokens[i].is(tok::l_paren)) {
        if (attribute.arguments == 0) attribute.arguments = i;
        if (tokens.partner(i) < close) i = tokens.partner(i);
      }
      ++i;
    }
    attribute.last = i++;
    if (attribute.last > attribute.first) attributes.push_back(attribute);
  }
  return attributes;
}

std::string spelled(const TokenSequence& tokens, size_t first, size_t last) {
  std::string text;
  for (size_t i = first; i < last; ++i) {
    const Token& token = tokens[i];
    const Keyword kind = token.is_identifier() ? keyword_of(token.text) : Keyword::none;
    if (kind != Keyword::none && kind != Keyword::address_space) continue;
    if (!text.empty()) text += ' ';
    if (kind == Keyword::address_space) {
      text += qualifier_of(token.text);
    } else if (auto literal =
                   token.is(tok::numeric_constant) ? rewrite_literal(token.text) : std::nullopt) {
      text += *literal;
    } else {
      text += token.text;
    }
  }
  return text;
}

std::string parameter_types(const TokenSequence& tokens, size_t open) {
  std::string text;
  const size_t close = tokens.partner(open);
  for (size_t i = open + 1; i < close;) {
    if (is_attribute_list(tokens, i)) {
      i = tokens.partner(i) + 1;
      continue;
    }
    const size_t first = i;
    while (i < close && !is_attribute_list(tokens, i)) ++i;
    text += ' ' + spelled(tokens, first, i);
  }
  return text;
}

}  // namespace anvil::compiler
