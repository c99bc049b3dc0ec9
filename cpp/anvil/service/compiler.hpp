// compiler.hpp: the anvil-compiler program: where it is, which one it is, how it is run.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "anvil/service/memory_file.hpp"

namespace anvil::service {

class CompilerServer;

class Compiler {
 public:
  /// $ANVIL_COMPILER, else beside the library that holds this code: in its folder,
  /// ../libexec/foundry, ../libexec or ../bin. Throws CompileError that lists the places.
  static Compiler locate();

  explicit Compiler(const std::filesystem::path& program);

  /// Differs for any two builds of the compiler: the linker's build id, without one the file's
  /// name, size and time. Follows a program that is replaced while this process runs.
  std::string identity() const;

  /// What is given to the compiler: text, or a file in memory by the name that it has there.
  struct Argument {
    std::string text;
    const MemoryFile* file = nullptr;
    Argument(std::string value) : text(std::move(value)) {}
    Argument(const char* value) : text(value) {}
    Argument(const MemoryFile& value) : file(&value) {}
  };

  using Arguments = std::vector<Argument>;

  /// What several runs are about: a source, or a library that was made of one. It is parsed once
  /// for those that follow each other.
  struct Program {
    std::string key;                  ///< differs for any two
    std::function<Arguments()> open;  ///< its options; what they name lives until run() returns
    bool anew = false;  ///< parse it for this run, whose output has what there is to say of it
  };

  /// Returns the output (warnings). Throws CompileError: the diagnostics for a program that is
  /// wrong (exit status 1), a report with all output when the compiler crashed, ran out of time
  /// ($ANVIL_COMPILER_TIMEOUT seconds, else 600) or memory ($ANVIL_COMPILER_MEMORY_MB, else 4096)
  /// or did not start. `task` says what for. Where this process cannot learn how a child ended, the
  /// files tell: what is empty was not written. The compiler ends when this process does, and when
  /// the calling thread's compilations are cancelled (cancellation.hpp).
  std::string run(const Arguments& arguments, const std::string& task,
                  const Program* program = nullptr) const;

 private:
  struct Servers;

  std::shared_ptr<CompilerServer> server() const;

  std::filesystem::path program_;
  std::shared_ptr<Servers> servers_;
};

}  // namespace anvil::service
