// precompiled.hpp: the library's declarations, read ahead.
#pragma once

#include <string>
#include <vector>

#include "anvil/compiler/frontend/clang_setup.hpp"

namespace anvil::compiler {

/// Writes the precompiled headers of every math mode to `folder`, which is made. Those in the
/// folder "anvil-headers" beside the program are found from then on.
void write_precompiled_headers(const std::string& folder, const Target& target);

/// cc1 options that bring the library's declarations in: a precompiled header beside the program
/// or, where there is none for the dialect, the headers themselves.
std::vector<std::string> library_arguments(const Dialect& dialect);
/// Those, behind all that every program is compiled with.
std::vector<std::string> program_arguments(const Dialect& dialect);

}  // namespace anvil::compiler
