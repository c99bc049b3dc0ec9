// options.hpp: anvil-compiler's command line.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace anvil::compiler {

// `host` is a descriptor that becomes readable, or comes to its end, when whoever wants the result
// is gone: the compiler ends with it.
struct LibraryCommand {
  std::string source, name, output, host;
  std::vector<std::pair<std::string, std::string>> defines;
  std::string math = "fast";
  std::string standard = "metal3.1";
};

struct KernelCommand {
  std::string library, function, constants, output, reflection, host, remarks;
  // Where to write the IR: as handed over, after scalar optimisation, after vectorisation; and the
  // code as assembly.
  std::string emit_ir, emit_scalar_ir, emit_simd_ir, emit_assembly;
  std::string variant = "full";
  std::string cpu = "host";
  std::string target;  // an LLVM triple; empty: this machine's
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

LibraryCommand parse_library_command(int argc, char** argv);
KernelCommand parse_kernel_command(int argc, char** argv);
HeadersCommand parse_headers_command(int argc, char** argv);
RegistersCommand parse_registers_command(int argc, char** argv);

}  // namespace anvil::compiler
