// tokenize: a vocabulary's file as llama.cpp reads it.
//   tokenize FILE describe   prints JSON: every token's bytes, the special ones, the flags
//   tokenize FILE            answers requests on stdin until it ends
// A request is its kind (1 byte), the number of bytes that follow (4 bytes) and those; an answer
// the number of its ids or bytes (4 bytes) and those. Numbers are little-endian.
#include <llama.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

// Kinds of requests: a text, with these flags, whose answer are ids; ids, whose answer is the text;
// nothing, whose answer is JSON of what the vocabulary has.
constexpr unsigned add_special = 1, parse_special = 2, detokenize = 4, describe = 8;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "tokenize: %s\n", what.c_str());
  std::exit(1);
}

bool read(void* data, size_t size) {
  return std::fread(data, 1, size, stdin) == size;
}

void answer(const void* data, size_t count, size_t size) {
  const auto number = uint32_t(count);
  std::fwrite(&number, sizeof number, 1, stdout);
  std::fwrite(data, size, count, stdout);
}

std::vector<llama_token> tokens_of(const llama_vocab* vocabulary, const std::string& text,
                                   unsigned flags) {
  std::vector<llama_token> tokens(text.size() * 3 + 16);
  const int count =
      llama_tokenize(vocabulary, text.data(), int(text.size()), tokens.data(), int(tokens.size()),
                     (flags & add_special) != 0, (flags & parse_special) != 0);
  if (count < 0) fail("more tokens than room for them");
  tokens.resize(size_t(count));
  return tokens;
}

std::string text_of(const llama_vocab* vocabulary, const std::vector<llama_token>& tokens) {
  std::string text;
  for (const llama_token token : tokens) {
    char piece[4096];
    const int size = llama_token_to_piece(vocabulary, token, piece, sizeof piece, 0, true);
    if (size < 0) fail("a token of " + std::to_string(-size) + " bytes");
    text.append(piece, size_t(size));
  }
  return text;
}

std::string description(const llama_vocab* vocabulary) {
  const int count = llama_vocab_n_tokens(vocabulary);
  std::string ends, control, pieces;
  const auto add = [](std::string& list, const std::string& item) {
    list += (list.empty() ? "" : ", ") + item;
  };
  for (llama_token token = 0; token < count; ++token) {
    if (llama_vocab_is_eog(vocabulary, token)) add(ends, std::to_string(token));
    if (llama_vocab_is_control(vocabulary, token)) add(control, std::to_string(token));
    std::string piece;
    for (const char byte : text_of(vocabulary, {token})) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", unsigned(uint8_t(byte)));
      piece += digits;
    }
    add(pieces, '"' + piece + '"');
  }
  const std::pair<const char*, int> numbers[] = {
      {"bos", llama_vocab_bos(vocabulary)},
      {"eos", llama_vocab_eos(vocabulary)},
      {"sep", llama_vocab_sep(vocabulary)},
      {"adds_bos", llama_vocab_get_add_bos(vocabulary)},
      {"adds_eos", llama_vocab_get_add_eos(vocabulary)},
      {"adds_sep", llama_vocab_get_add_sep(vocabulary)},
  };
  std::string json;
  for (const auto& [name, number] : numbers)
    add(json, '"' + std::string(name) + "\": " + std::to_string(number));
  return "{" + json + ", \"ends\": [" + ends + "], \"control\": [" + control + "], \"pieces\": [" +
         pieces + "]}";
}

}  // namespace

int main(int count, char** words) {
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  if (count != 2) fail("FILE");
  llama_backend_init();
  llama_model_params parameters = llama_model_default_params();
  parameters.vocab_only = true;
  ggml_backend_dev_t none[] = {nullptr};
  parameters.devices = none;
  llama_model* model = llama_model_load_from_file(words[1], parameters);
  if (!model) fail(std::string("cannot load ") + words[1]);
  const llama_vocab* vocabulary = llama_model_get_vocab(model);
  for (uint8_t kind = 0; read(&kind, 1);) {
    uint32_t size = 0;
    if (!read(&size, sizeof size)) fail("half a request");
    std::string text(size, '\0');
    if (!read(text.data(), size)) fail("half a request");
    if (kind & describe) {
      const std::string json = description(vocabulary);
      answer(json.data(), json.size(), 1);
    } else if (kind & detokenize) {
      const auto* ids = reinterpret_cast<const llama_token*>(text.data());
      const std::string found = text_of(vocabulary, {ids, ids + size / sizeof(llama_token)});
      answer(found.data(), found.size(), 1);
    } else {
      const std::vector<llama_token> tokens = tokens_of(vocabulary, text, kind);
      answer(tokens.data(), tokens.size(), sizeof(llama_token));
    }
    std::fflush(stdout);
  }
  llama_model_free(model);
}
