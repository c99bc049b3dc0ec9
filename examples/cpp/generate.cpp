// Answers with a model that Python exported, and no Python in the process:
//   generate FOLDER MODEL.gguf PROMPT...
// Each prompt is a turn of one conversation; a model without a chat continues the texts.
#include <foundry/foundry.hpp>
#include <foundry/generation.hpp>

#include <cstdio>
#include <exception>
#include <span>
#include <string_view>
#include <vector>

using namespace foundry;

namespace {

void converse(const char* folder, const char* weights, std::span<char*> prompts) {
  Foundry foundry;
  Generator generator = Generator::load(trusted, foundry, folder, weights);
  const bool can_chat = generator.chat_format().absence().empty();
  const GenerationOptions options{
      .max_tokens = 64, .sampling = {.temperature = 0.7F, .top_p = 0.9F}, .seed = 1};
  const OnPiece print = [](std::string_view piece) {
    std::fwrite(piece.data(), 1, piece.size(), stdout);
    return std::fflush(stdout) == 0;
  };
  std::vector<Message> messages;
  for (const char* prompt : prompts) {
    messages.push_back({"user", prompt});
    const Generation answer = can_chat ? generator.chat(messages, options, print)
                                       : generator.generate(prompt, options, print);
    messages.push_back({"assistant", answer.text});
    std::printf("\n(%zu tokens after %zu, %zu of them known; %s)\n", answer.tokens.size(),
                answer.prompt_tokens, answer.reused_tokens, name_of(answer.reason));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() < 4) {
    std::fprintf(stderr, "usage: generate FOLDER MODEL.gguf PROMPT...\n");
    return 2;
  }
  converse(arguments[1], arguments[2], arguments.subspan(3));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", describe_error(error).c_str());
  return 1;
}
