// declarations.hpp: what a declaration is of, by its tokens.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {

/// Whether `.`, `->` or `::` precedes token i.
bool is_member_or_qualified(const TokenSequence& tokens, size_t i);

/// For the list of attributes that opens at `open`: whether it is a function's parameter's, which a
/// comma or a parenthesis follows.
bool is_parameter(const TokenSequence& tokens, size_t open);

/// The name of the parameter `device T name[N]` whose address space is token `space`.
std::optional<size_t> array_parameter_name(const TokenSequence& tokens, size_t space);

/// In the declaration that the address space at token `space` belongs to: the initialisers `= {0}`,
/// tokens [first, last), of variables that are no pointers. They hold literals alone.
std::vector<std::pair<size_t, size_t>> initialiser_lists(const TokenSequence& tokens, size_t space);

/// Whether token i stands behind a specifier of a declaration: where C++ has no `alignas`, C does.
bool follows_specifier(const TokenSequence& tokens, size_t i);

/// Whether tokens [first, last] are an argument of a call, rather than of an attribute, an
/// assertion or the like.
bool is_argument(const TokenSequence& tokens, size_t first, size_t last);

/// Past `decltype(...)` or a name with its qualifiers and template arguments.
size_t skip_type(const TokenSequence& tokens, size_t at);

}  // namespace anvil::compiler
