// anvil-compiler: Metal Shading Language in, native code and reflection out.
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Support/thread.h>
#include <unistd.h>

#include <string_view>

#include "clang_setup.hpp"
#include "commands.hpp"
#include "files.hpp"

#if __has_feature(address_sanitizer)
// LLVM's archives are not instrumented: its headers, compiled here, and they would disagree on
// containers and arenas. It also sets signal stacks of its own and frees little at exit.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:detect_container_overflow=0:allow_user_poisoning=0:use_sigaltstack=0";
}
#endif

namespace {

constexpr int kUserError = 1;  // in the source: diagnostics are on stderr
constexpr int kUsageError = 64;
constexpr int kInternalError = 70;

// LLVM's own handler exits with 1, which is the user's.
void internal_error(void*, const char* reason, bool) {
  llvm::errs() << "anvil-compiler: internal error: " << reason << '\n';
  _exit(kInternalError);
}

int dispatch(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  try {
    if (command == "--version") {
      llvm::outs() << anvil::compiler_version() << '\n';
      return 0;
    }
    if (command == "library")
      return anvil::run_library(anvil::parse_library_command(argc - 2, argv + 2)) ? 0 : kUserError;
    if (command == "kernel")
      return anvil::run_kernel(anvil::parse_kernel_command(argc - 2, argv + 2)) ? 0 : kUserError;
    if (command == "headers") {
      anvil::run_headers(anvil::parse_headers_command(argc - 2, argv + 2));
      return 0;
    }
    throw anvil::UsageError{"expected 'library', 'kernel', 'headers' or '--version'"};
  } catch (const anvil::UsageError& error) {
    llvm::errs() << "anvil-compiler: " << error.message << '\n';
    return kUsageError;
  } catch (const anvil::FileError& error) {
    llvm::errs() << "anvil-compiler: " << error.message << '\n';
    return kInternalError;
  } catch (const std::exception& error) {
    llvm::errs() << "anvil-compiler: " << error.what() << '\n';
    return kInternalError;
  }
}

}  // namespace

int main(int argc, char** argv) {
  llvm::install_fatal_error_handler(internal_error);
  // clang recurses with the nesting of the source.
  int code = kInternalError;
  llvm::thread worker(std::optional<unsigned>(256u << 20), [&] { code = dispatch(argc, argv); });
  worker.join();
  return code;
}
