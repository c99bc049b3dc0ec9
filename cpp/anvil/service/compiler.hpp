// compiler.hpp: the anvil-compiler program: where it is, which one it is, how it is run.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace anvil {

class Compiler {
 public:
  /// $ANVIL_COMPILER, else beside the library that holds this code: in its folder,
  /// ../libexec/foundry, ../libexec or ../bin. Throws CompileError that lists the places.
  static Compiler locate();

  explicit Compiler(std::filesystem::path program) : program_(std::move(program)) {}

  /// Differs for any two builds of the compiler: the linker's build id, without one the file's
  /// name, size and time. Follows a program that is replaced while this process runs.
  std::string identity() const;

  /// Returns the output (warnings). Throws CompileError: the diagnostics for a program that is
  /// wrong (exit status 1), a report with all output when the compiler crashed, ran out of time
  /// ($ANVIL_COMPILER_TIMEOUT seconds, else 600) or did not start. `task` says what for.
  std::string run(std::vector<std::string> arguments, const std::string& task) const;

 private:
  std::filesystem::path program_;
};

}  // namespace anvil
