// duplicates.hpp: overloads and specialisations that differ in nothing but address spaces.
#pragma once

#include <vector>

#include "anvil/compiler/source/edits.hpp"
#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {

/// Edits that blank every function or class definition whose text, with address spaces erased, has
/// stood in the same scope before. Those that share only their declarator stay: clang reports them.
std::vector<Edit> find_duplicates(const TokenSequence& tokens);

}  // namespace anvil::compiler
