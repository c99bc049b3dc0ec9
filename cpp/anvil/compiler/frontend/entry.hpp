// entry.hpp: what goes on where a program ends.
#pragma once

#include <functional>
#include <string>

namespace clang {
class PragmaHandler;
}

namespace anvil::compiler {

/// Ends a program, and asks the handler below for what follows it.
std::string entry_request();

/// Gives clang the text that `make` returns once everything before the pragma is parsed. To be
/// added under the name "anvil", to a preprocessor, which then owns it.
clang::PragmaHandler* entry_pragma(std::function<std::string()> make);

}  // namespace anvil::compiler
