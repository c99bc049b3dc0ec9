// Generates tokens with an exported decode program and its GGUF file, without Python:
//   generate PROGRAM MODEL.gguf COUNT TOKEN...
// Prints COUNT token ids that continue the given ones, as they are drawn.
#include <foundry/foundry.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string_view>
#include <vector>

using namespace foundry;

namespace {

std::int32_t to_number(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    throw ArgumentError(concat("'", text, "' is no number of tokens and no token id"));
  }
  return value;
}

void generate(const char* path, const char* weights, std::uint64_t count,
              const std::vector<std::int32_t>& prompt) {
  Foundry foundry;
  Program step = Program::load(trusted, foundry, path, {weights});
  const AnyTensor ids = step.tensor("ids");
  const AnyTensor tokens = step.tensor("tokens");

  // Each step evaluates the token in `ids` and draws the next into it: in the prompt, the host's
  // token takes its place.
  for (std::size_t position = 0; position < prompt.size(); ++position) {
    ids.host_mutable<std::int32_t>()[0] = prompt[position];
    step.replay({{"position", position}});
  }
  // Waits for the prompt. From here on the device feeds itself, and the host only reads.
  const std::span<const std::int32_t> ring = tokens.host<std::int32_t>();
  const auto print = [&](std::uint64_t index) {
    const std::int32_t token = ring[index % ring.size()];
    if (token < 0) {
      throw DeviceError(concat("no token can be drawn for position ", index,
                               ": its logits have a NaN or an infinity, first at token ", ~token));
    }
    std::printf("%d ", token);
    std::fflush(stdout);
  };
  print(prompt.size());
  const SharedEvent event(foundry.device());
  constexpr std::uint64_t kBatch = 8;  // tokens of a command buffer; the ring holds many more
  const std::uint64_t end = prompt.size() + count;
  std::uint64_t known = prompt.size() + 1;
  for (std::uint64_t encoded = known; known < end; ++known) {
    while (encoded < end && encoded - known <= kBatch) {
      const std::uint64_t more = std::min(kBatch, end - encoded);
      step.replay_range("position", encoded - 1, more, &event);
      encoded += more;
    }
    event.wait(known, foundry.stream());
    print(known);
  }
  std::printf("\n");
  foundry.synchronize();
}

}  // namespace

int main(int argc, char** argv) try {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() < 5) {
    std::fprintf(stderr, "usage: generate PROGRAM MODEL.gguf COUNT TOKEN...\n");
    return 2;
  }
  std::vector<std::int32_t> prompt;
  for (const char* token : arguments.subspan(4)) prompt.push_back(to_number(token));
  generate(arguments[1], arguments[2], static_cast<std::uint64_t>(to_number(arguments[3])), prompt);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", describe_error(error).c_str());
  return 1;
}
