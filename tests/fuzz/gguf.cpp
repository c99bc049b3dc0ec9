// Any bytes as a GGUF file: a GgufError, or a file whose names, values and tensors lie within it.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "foundry/core/error.hpp"
#include "foundry/gguf/gguf_file.hpp"
#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size))
    return -1;
  try {
    const auto opened = foundry::GgufFile::open(path);
    require(opened->size() == size, "the size is the file's");
    size_t characters = 0;
    for (const auto& [key, value] : opened->metadata()) {
      characters += key.size();
      require(opened->find(key) != nullptr, "every key is found");
    }
    for (const auto& tensor : opened->tensors()) {
      characters += tensor.name.size();
      require(tensor.offset <= size && tensor.length <= size - tensor.offset,
              "a tensor lies within the file");
      require(opened->tensor_bytes(tensor).size() == tensor.length, "and has its bytes");
    }
    require(characters <= size, "names are the file's own");
  } catch (const foundry::GgufError&) {
  } catch (const foundry::DTypeError&) {
  }
  return 0;
}
