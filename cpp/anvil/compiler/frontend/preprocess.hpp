// preprocess.hpp: expands macros and conditionals of MSL source.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "anvil/compiler/source/source.hpp"

namespace anvil::compiler {

/// Expands `original`. Every token stays on its line and, where expansion leaves room, at its
/// column. Metal's own headers contribute only their macros here: the declarations are precompiled.
/// `math` is the mode, of which the program sees whether it is the fast one. Nothing, after
/// messages on stderr, for source that cannot be preprocessed.
std::optional<Source> preprocess(std::string name, std::string original,
                                 const std::vector<std::pair<std::string, std::string>>& defines,
                                 const std::string& standard, const std::string& math);

}  // namespace anvil::compiler
