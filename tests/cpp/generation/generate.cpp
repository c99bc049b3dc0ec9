// A generator's answers to questions on standard input, for the Python tests:
//   generate FOLDER MODEL.gguf
// A question is a line of fields with tabs between them, in which \n stands for a line break:
//   raw or chat, max_tokens, seed, temperature, top_k, top_p, min_p, repetition_penalty,
//   frequency_penalty, a stop or nothing, then the prompt, or a role and a text for each message.
// An answer is the tokens, then "|", reason, prompt's tokens, reused tokens, and after another "|"
// the pieces, as hexadecimal digits; or "!" and an error.
#include <foundry/foundry.hpp>
#include <foundry/generation.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\t') {
      fields.emplace_back();
    } else if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == 'n') {
      fields.back() += '\n';
      ++i;
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

void answer(foundry::Generator& generator, const std::vector<std::string>& fields) {
  foundry::GenerationOptions options{
      .max_tokens = static_cast<std::uint32_t>(std::stoul(fields.at(1))),
      .sampling = {.temperature = std::stof(fields.at(3)),
                   .top_k = static_cast<std::uint32_t>(std::stoul(fields.at(4))),
                   .top_p = std::stof(fields.at(5)),
                   .min_p = std::stof(fields.at(6)),
                   .repetition_penalty = std::stof(fields.at(7)),
                   .frequency_penalty = std::stof(fields.at(8))},
      .seed = std::stoull(fields.at(2)),
      .ignore_end = fields.at(0) == "raw"};
  if (!fields.at(9).empty()) options.stops.push_back(fields[9]);
  std::vector<std::string> pieces;
  const foundry::OnPiece keep = [&](std::string_view piece) {
    pieces.emplace_back(piece);
    return true;
  };
  foundry::Generation generation;
  if (fields[0] == "raw") {
    generation = generator.generate(fields.at(10), options, keep);
  } else {
    std::vector<foundry::Message> messages;
    for (std::size_t i = 10; i + 1 < fields.size(); i += 2) {
      messages.push_back({fields[i], fields[i + 1]});
    }
    generation = generator.chat(messages, options, keep);
  }
  for (const std::int32_t token : generation.tokens) std::printf("%d ", token);
  std::printf("| %s %zu %zu |", foundry::name_of(generation.reason), generation.prompt_tokens,
              generation.reused_tokens);
  for (const std::string& piece : pieces) {
    std::printf(" ");
    for (const char byte : piece) std::printf("%02x", static_cast<unsigned char>(byte));
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  foundry::Foundry runtime;
  auto generator = foundry::Generator::load(foundry::trusted, runtime, argv[1], argv[2]);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      answer(generator, fields_of(line));
    } catch (const foundry::Error& error) {
      std::printf("! %s: %s\n", error.kind(), error.what());
    }
    std::fflush(stdout);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", foundry::describe_error(error).c_str());
  return 1;
}
