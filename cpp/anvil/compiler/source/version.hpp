// version.hpp: tells one build of the program from another.
#pragma once

#include <string>

namespace anvil::compiler {

/// The version of everything that decides what a library or a kernel compiles to.
std::string compiler_version();

}  // namespace anvil::compiler
