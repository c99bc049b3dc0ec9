// anvil-compiler: Metal Shading Language in, native code and reflection out.
#include <fcntl.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Support/thread.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "anvil/compiler/driver/pipeline.hpp"
#include "anvil/compiler/driver/serve.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/version.hpp"

#if __has_feature(address_sanitizer)
// LLVM's archives are not instrumented: its headers, compiled here, and they would disagree on
// containers and arenas. It also sets signal stacks of its own and frees little at exit.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:detect_container_overflow=0:allow_user_poisoning=0:use_sigaltstack=0";
}
#endif

namespace {

using namespace anvil::compiler;

constexpr int kUserError = 1;  // in the source: diagnostics are on stderr
constexpr int kUsageError = 64;
constexpr int kInternalError = 70;
constexpr int kOutOfMemory = 71;

// LLVM's own handler exits with 1, which is the user's.
void internal_error(void*, const char* reason, bool) {
  llvm::errs() << "anvil-compiler: internal error: " << reason << '\n';
  _exit(kInternalError);
}

void out_of_memory() {
  constexpr std::string_view kMessage = "anvil-compiler: out of memory\n";
  static_cast<void>(!write(2, kMessage.data(), kMessage.size()));
  _exit(kOutOfMemory);
}

// Not by a signal at the parent's death: that is sent when the thread that started us ends.
void end_with(const std::string& host) {
  if (host.empty()) return;
  std::thread([descriptor = std::atoi(host.c_str())] {
    pollfd gone{descriptor, POLLIN, 0};
    while (poll(&gone, 1, -1) < 0 && errno == EINTR) continue;
    _exit(kInternalError);
  }).detach();
}

int dispatch(const std::vector<std::string>& arguments) {
  const std::string command = arguments.empty() ? "" : arguments[0];
  const auto options = Arguments(arguments).subspan(arguments.empty() ? 0 : 1);
  if (command == "--version") {
    llvm::outs() << compiler_version() << '\n';
    return 0;
  }
  if (command == "library") {
    const auto library = parse_library_command(options);
    end_with(library.host);
    return run_library(library) ? 0 : kUserError;
  }
  if (command == "unit") return run_unit(parse_unit_command(options)) ? 0 : kUserError;
  if (command == "kernel") {
    const auto kernel = parse_kernel_command(options);
    end_with(kernel.host);
    return run_kernel(kernel) ? 0 : kUserError;
  }
  if (command == "parse") return run_parse(parse_parse_command(options)) ? 0 : kUserError;
  if (command == "serve") {
    const auto serve = parse_serve_command(options);
    warm_up();
    return dispatch(
        next_request(std::stoi(serve.requests), std::stoi(serve.host), /*idle_seconds=*/-1));
  }
  if (command == "headers") {
    run_headers(parse_headers_command(options));
    return 0;
  }
  if (command == "registers") {
    const auto registers = parse_registers_command(options);
    end_with(registers.host);
    run_registers(registers);
    return 0;
  }
  throw UsageError(
      "expected 'library', 'unit', 'kernel', 'parse', 'serve', 'headers', 'registers' or "
      "'--version'");
}

int run(const std::vector<std::string>& arguments) {
  try {
    return dispatch(arguments);
  } catch (const UsageError& error) {
    llvm::errs() << "anvil-compiler: " << error.what() << '\n';
    return kUsageError;
  } catch (const std::exception& error) {
    llvm::errs() << "anvil-compiler: " << error.what() << '\n';
    return kInternalError;
  }
}

}  // namespace

int main(int argc, char** argv) {
  // Whatever the process that started us does with these: descriptors 0 to 2 are no files of ours,
  // a write that fails is an error with a reason, and a crash leaves no gigabytes of core behind.
  int file = open("/dev/null", O_RDWR);
  while (file >= 0 && file <= 2) file = open("/dev/null", O_RDWR);
  close(file);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  std::set_new_handler(out_of_memory);
  llvm::install_bad_alloc_error_handler([](void*, const char*, bool) { out_of_memory(); });
  llvm::install_fatal_error_handler(internal_error);
  // Any thread that does not block it may be given it; it is for the one that waits (serve.cpp).
  sigset_t of_children;
  sigemptyset(&of_children);
  sigaddset(&of_children, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &of_children, nullptr);
  // clang recurses with the nesting of the source. The thread ends the process: of one that was
  // forked it is all that there is, and nothing waits for the one that watches over the host.
  llvm::thread(std::optional<unsigned>(256u << 20), [&] {
    const int code = run({argv + std::min(argc, 1), argv + argc});
    llvm::outs().flush();
    _exit(code);
  }).join();
}
