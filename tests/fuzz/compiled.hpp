// compiled.hpp: an input through the compiler, a process of its own: diagnostics, or code that
// anvil::read_kernel_file takes. What it stands on has crashes of its own, on text and on damaged
// bitcode; they are counted, not reported, for the process is there to contain them.
#pragma once

#include <cstdio>
#include <string>

#include "anvil/abi/kernel_file.hpp"
#include "anvil/service/compiler.hpp"
#include "anvil/service/compiler_service.hpp"
#include "input.hpp"

struct Crashes {
  unsigned count = 0;
  ~Crashes() { std::fprintf(stderr, "crashes of the compiler: %u\n", count); }
};
inline Crashes crashes;

/// `option` says what the input is to `anvil-compiler library`; `kernel` is one of its functions.
inline int compile_input(const char* option, const std::string& input, const char* kernel) {
  static const anvil::service::Compiler compiler = anvil::service::Compiler::locate();
  const anvil::service::MemoryFile program(input), library, code;
  try {
    compiler.run({"library", option, program, "--output", library}, "the library");
    compiler.run({"kernel", "--library", library, "--function", kernel, "--output", code},
                 "the kernel");
  } catch (const anvil::service::CompileError& error) {
    const std::string text = error.what();
    require(!text.empty(), "an error says something");
    crashes.count += text.starts_with("anvil-compiler crashed");
    return 0;
  }
  const std::string bytes = code.read();
  try {
    anvil::read_kernel_file(std::as_bytes(std::span(bytes)), anvil::kMachineHere);
  } catch (const std::runtime_error& error) {
    require(false, error.what());
  }
  return 0;
}
