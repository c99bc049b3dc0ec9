// Any text as a program.
#include "compiled.hpp"

namespace {

const char kProlog[] = "#include <metal_stdlib>\nusing namespace metal;\n";
const char kKernel[] = "\nkernel void fuzzed(device float* x [[buffer(0)]]) { x[0] = 1; }\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return compile_input("--source", kProlog + std::string(data, data + size) + kKernel, "fuzzed");
}
