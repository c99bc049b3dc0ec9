// attributes.hpp: lists of attributes, `[[...]]`, in a sequence of tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {

/// Whether such a list opens at token i.
bool is_attribute_list(const TokenSequence& tokens, size_t i);

struct Attribute {
  size_t first, last;  ///< tokens [first, last)
  std::string_view name;
  size_t arguments = 0;  ///< index of the opening parenthesis, or 0
  bool scoped = false;   ///< a::b
};
/// Of the list that opens at `open`.
std::vector<Attribute> parse_attributes(const TokenSequence& tokens, size_t open);

/// Tokens [first, last) on one line, in C++ spelling.
std::string spelled(const TokenSequence& tokens, size_t first, size_t last);

/// The parameter list that opens at `open` in C++ spelling, without attributes.
std::string parameter_types(const TokenSequence& tokens, size_t open);

}  // namespace anvil::compiler
