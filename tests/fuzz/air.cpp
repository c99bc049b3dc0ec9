// Any bytes as a function that Apple's compiler has compiled.
#include "compiled.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return compile_input("--air", std::string(data, data + size), "f");
}
