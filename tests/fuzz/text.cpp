// Any bytes as the tables of an exported model: an Error, or a tokenizer and a chat that take
// texts.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "foundry/core/error.hpp"
#include "foundry/generation/chat_format.hpp"
#include "foundry/generation/tokenizer.hpp"
#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size))
    return -1;
  try {
    const auto tables = std::make_shared<const foundry::TextTables>(path);
    const foundry::Tokenizer tokenizer(tables);
    const auto ids = tokenizer.encode("a b\xC3\xA9\n\n  12 <|end|> abc", {.add_end = true});
    for (const auto id : ids) {
      require(id >= 0 && static_cast<size_t>(id) < tokenizer.size(), "an id is a token's");
    }
    require(tokenizer.decode(ids).size() <= 3 * size * (ids.size() + 1),
            "a text is of the tokens'");
    const foundry::ChatFormat chat(*tables);
    const std::vector<foundry::Message> messages = {{"user", " a </think>\n b "}};
    const auto prompt = chat.render(messages);
    static_cast<void>(tokenizer.encode(prompt.text, prompt.own));
  } catch (const foundry::Error&) {
  }
  return 0;
}
