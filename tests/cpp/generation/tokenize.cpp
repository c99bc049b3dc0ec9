// A tokenizer's answers to questions on standard input, for the Python tests:
//   tokenize TEXT.gguf
// A question is a byte (0: encode, 1: encode and parse control tokens, 2: decode), a u32 length and
// so many bytes, text or i32; an answer a u32 length and the other. Encoding adds the end's tokens.
#include <foundry/generation.hpp>

#include <cstdio>
#include <cstring>
#include <exception>
#include <span>

#include "foundry/core/error.hpp"

namespace {

template <class T>
void answer(const T& items) {
  const auto bytes = std::as_bytes(std::span(items));
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::fwrite(&length, sizeof length, 1, stdout);
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  const auto tokenizer = foundry::Tokenizer::load(argv[1]);
  for (int kind = std::getchar(); kind != EOF; kind = std::getchar()) {
    std::uint32_t length = 0;
    if (std::fread(&length, sizeof length, 1, stdin) != 1) return 1;
    std::string bytes(length, '\0');
    if (std::fread(bytes.data(), 1, length, stdin) != length) return 1;
    if (kind == 2) {
      std::vector<std::int32_t> ids(length / sizeof(std::int32_t));
      std::memcpy(ids.data(), bytes.data(), ids.size() * sizeof(std::int32_t));
      answer(tokenizer.decode(ids, false));
    } else {
      answer(tokenizer.encode(bytes, {.parse_special = kind == 1, .add_end = true}));
    }
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", foundry::describe_error(error).c_str());
  return 1;
}
