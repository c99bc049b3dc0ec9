// Any text as a program, through the compiler, a process of its own: diagnostics, or code that
// anvil::read_kernel_file takes. clang's own crashes are counted, not reported: there are some, and
// the process is there to contain them.
#include <cstdlib>
#include <string>

#include "anvil/abi/kernel_file.hpp"
#include "anvil/service/compiler.hpp"
#include "anvil/service/compiler_service.hpp"
#include "input.hpp"

namespace {

const char kProlog[] = "#include <metal_stdlib>\nusing namespace metal;\n";
const char kKernel[] = "\nkernel void fuzzed(device float* x [[buffer(0)]]) { x[0] = 1; }\n";

struct Crashes {
  unsigned count = 0;
  ~Crashes() { std::fprintf(stderr, "crashes of the compiler: %u\n", count); }
} crashes;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const anvil::service::Compiler compiler = anvil::service::Compiler::locate();
  const anvil::service::MemoryFile source(kProlog + std::string(data, data + size) + kKernel),
      library, code;
  try {
    compiler.run({"library", "--source", source, "--output", library}, "the library");
    compiler.run({"kernel", "--library", library, "--function", "fuzzed", "--output", code},
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
