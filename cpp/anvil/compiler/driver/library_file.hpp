// library_file.hpp: a compiled library on disk.
#pragma once

#include <string>

#include "anvil/compiler/frontend/frontend.hpp"

namespace anvil::compiler {

/// JSON for the driver, as a line: the first of every library.
std::string index_line(const LibraryIndex& index);

/// First line: JSON for the driver (functions, constants). Second: JSON for the compiler. Then the
/// program's name, and its original and its expanded source or its AIR.
std::string write_library(const Program& program, const LibraryIndex& index);

/// Throws InputError for contents that this version of the compiler did not write.
Program read_library(const std::string& contents);

}  // namespace anvil::compiler
