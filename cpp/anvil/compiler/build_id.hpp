// build_id.hpp: tells one build of the program from another.
#pragma once

#include <string>

namespace anvil {

/// The linker's hash over this program's contents, in hex; empty where it was linked without one.
std::string build_id();

}  // namespace anvil
