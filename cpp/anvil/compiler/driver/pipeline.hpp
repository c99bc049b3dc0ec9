// pipeline.hpp: what anvil-compiler can be asked to do.
#pragma once

#include "anvil/compiler/driver/options.hpp"
#include "anvil/compiler/frontend/frontend.hpp"

namespace anvil::compiler {

/// The source, preprocessed, as the options say that it is compiled.
Program make_program(Source source, const ProgramOptions& options);

/// These return false after diagnostics on stderr where the user's source is at fault.
bool run_library(const LibraryCommand& command);
bool run_unit(const UnitCommand& command);
bool run_kernel(const KernelCommand& command);
/// Returns in a process of its own for each command that comes, and in this one where the program
/// has errors.
bool run_parse(const ParseCommand& command);
/// Makes ready what every command needs.
void warm_up();
/// Compiles the library's headers ahead, for this machine's architecture.
void run_headers(const HeadersCommand& command);
/// Writes how many bytes a vector register of the target has.
void run_registers(const RegistersCommand& command);

}  // namespace anvil::compiler
