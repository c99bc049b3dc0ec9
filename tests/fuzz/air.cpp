// Any bytes as a function that Apple's compiler has compiled, through Anvil's, a process of its
// own: an error, or code that anvil::read_kernel_file takes. LLVM's own crashes on damaged bitcode
// are counted, not reported: there are some, and the process is there to contain them.
#include <string>

#include "anvil/abi/kernel_file.hpp"
#include "anvil/service/compiler.hpp"
#include "anvil/service/compiler_service.hpp"
#include "input.hpp"

namespace {

struct Crashes {
  unsigned count = 0;
  ~Crashes() { std::fprintf(stderr, "crashes of the compiler: %u\n", count); }
} crashes;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const anvil::service::Compiler compiler = anvil::service::Compiler::locate();
  const anvil::service::MemoryFile function(std::string(data, data + size)), library, code;
  try {
    compiler.run({"library", "--air", function, "--output", library}, "the library");
    compiler.run({"kernel", "--library", library, "--function", "f", "--output", code},
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
