// options.hpp: anvil-compiler's command line.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace anvil::compiler {

/// The program that a command is about: a source, one function of a library of Apple's compiler, or
/// a library that was made of either.
struct ProgramOptions {
  std::string source, air, library;
  std::string name = "program_source";  // what diagnostics call the source
  std::vector<std::pair<std::string, std::string>> defines;
  std::string math = "fast";
  std::string logging = "on";  // whether os_log says anything
  std::string standard = "metal3.1";
};

// `host` is a descriptor that becomes readable, or comes to its end, when whoever wants the result
// is gone: the compiler ends with it.
struct LibraryCommand {
  ProgramOptions program;
  std::string output, host;
};

/// A source of the machine's with what it includes, as one text that is compiled elsewhere; its
/// index comes first, as a library's.
struct UnitCommand {
  ProgramOptions program;             // its source is a file by the program's name, unless named
  std::vector<std::string> includes;  // folders
  std::string output;
  std::string dependencies;  // where to write the files that it was made of
  bool expand_only = false;  // write what the source expands to, and check nothing
};

struct KernelCommand {
  ProgramOptions program;
  std::string function, constants, output, reflection, host, remarks;
  // Where to write the IR: as handed over, after scalar optimisation, after vectorisation; and the
  // code as assembly.
  std::string emit_ir, emit_scalar_ir, emit_simd_ir, emit_assembly;
  std::vector<std::string> linked;  // visible functions, in the order of their handles
  std::string variant = "full";
  std::string cpu = "host";
  std::string target;  // an LLVM triple; empty: this machine's
};

/// A library or a kernel of a program that is parsed already.
using ProgramCommand = std::variant<LibraryCommand, KernelCommand>;

/// Parses a program and waits for such commands on the descriptor `requests`.
struct ParseCommand {
  ProgramOptions program;
  std::string target;  // an LLVM triple; empty: this machine's
  std::string requests;
};

/// Waits for any commands on the descriptor `requests`.
struct ServeCommand {
  std::string requests, host;
};

struct HeadersCommand {
  std::string output;  // a folder
  std::string target;  // an LLVM triple; empty: this machine's
};

struct RegistersCommand {
  std::string output, host;
  std::string cpu = "host";
  std::string target;  // an LLVM triple; empty: this machine's
};

// All throw UsageError for a command line that makes no sense.

using Arguments = std::span<const std::string>;

LibraryCommand parse_library_command(Arguments arguments);
UnitCommand parse_unit_command(Arguments arguments);
KernelCommand parse_kernel_command(Arguments arguments);
ProgramCommand parse_program_command(Arguments arguments);
ParseCommand parse_parse_command(Arguments arguments);
ServeCommand parse_serve_command(Arguments arguments);
HeadersCommand parse_headers_command(Arguments arguments);
RegistersCommand parse_registers_command(Arguments arguments);

}  // namespace anvil::compiler
