#include "foundry/generation/generator.hpp"

#include <algorithm>
#include <random>

#include "foundry/core/error.hpp"
#include "foundry/generation/stop_text.hpp"

namespace foundry {

namespace {

constexpr std::uint64_t kAhead = 2;  // tokens that the device works at while the host reads one

struct Stops {
  std::vector<std::string> texts;
  std::vector<std::int32_t> tokens;
};

Stops stops_of(const GenerationOptions& options, const Tokenizer& tokenizer) {
  Stops found;
  for (const std::string& stop : options.stops) {
    if (const auto token = tokenizer.control_token(stop)) {
      found.tokens.push_back(*token);
    } else {
      found.texts.push_back(stop);
    }
  }
  return found;
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// The text of one generation as it comes.
class Text {
 public:
  Text(const Tokenizer& tokenizer, std::vector<std::string> stops, const OnPiece& on_piece)
      : decoder_(tokenizer), stop_(std::move(stops)), on_piece_(on_piece) {}

  void push(std::int32_t token) { show(stop_.push(decoder_.push(token))); }
  void finish() {
    show(stop_.push(decoder_.finish()));
    show(stop_.finish());
  }
  [[nodiscard]] bool has_stopped() const noexcept { return stop_.has_stopped(); }
  [[nodiscard]] bool is_refused() const noexcept { return is_refused_; }
  std::string whole;

 private:
  void show(const std::string& piece) {
    if (piece.empty() || is_refused_) return;
    whole += piece;
    is_refused_ = on_piece_ && !on_piece_(piece);
  }

  StreamDecoder decoder_;
  StopText stop_;
  const OnPiece& on_piece_;
  bool is_refused_ = false;
};

}  // namespace

const char* name_of(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::end:
      return "end";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::context:
      return "context";
    case FinishReason::caller:
      return "caller";
  }
  return "?";
}

struct Generator::State {
  Foundry& foundry;
  std::shared_ptr<const TextTables> tables;
  Tokenizer tokenizer;
  ChatFormat chat;
  Evaluator evaluator;
  std::optional<TokenSampler> sampler = {};

  TokenSampler& sampler_of(const SamplingOptions& options);
  void draw(Generation& generation, std::vector<std::int32_t>& tokens, Text& text,
            const GenerationOptions& options, const std::vector<std::int32_t>& stop_tokens);
};

Generator::Generator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generator::~Generator() = default;
Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;

Generator Generator::load(Trusted, Foundry& foundry, const std::string& folder,
                          const std::string& weights) {
  const auto tables = std::make_shared<const TextTables>(folder + "/text.gguf");
  auto state =
      std::unique_ptr<State>(new State{.foundry = foundry,
                                       .tables = tables,
                                       .tokenizer = Tokenizer(tables),
                                       .chat = ChatFormat(*tables),
                                       .evaluator = Evaluator(foundry, *tables, folder, weights)});
  const std::uint64_t columns = state->evaluator.logits().count();
  if (columns != state->tokenizer.size()) {
    tables->fail("tokenizer.texts.ends", concat("has ", state->tokenizer.size(),
                                                " tokens, the programs' logits ", columns));
  }
  return Generator(std::move(state));
}

const Tokenizer& Generator::tokenizer() const noexcept {
  return state_->tokenizer;
}
const ChatFormat& Generator::chat_format() const noexcept {
  return state_->chat;
}
std::uint64_t Generator::context_length() const noexcept {
  return state_->evaluator.context_length();
}

Generation Generator::generate(std::string_view prompt, const GenerationOptions& options,
                               const OnPiece& on_piece) {
  const auto tokens =
      state_->tokenizer.encode(prompt, EncodeOptions{.parse_special = options.parse_special});
  return generate(tokens, options, on_piece);
}

Generation Generator::chat(std::span<const Message> messages, const GenerationOptions& options,
                           const OnPiece& on_piece) {
  const ChatText prompt = state_->chat.render(messages);
  return generate(state_->tokenizer.encode(prompt.text, prompt.own), options, on_piece);
}

TokenSampler& Generator::State::sampler_of(const SamplingOptions& options) {
  if (!sampler || !(sampler->options() == options)) {
    sampler.reset();  // its memory first
    sampler.emplace(foundry, evaluator.logits(), evaluator.token(), options,
                    tokenizer.suppressed());
  }
  return *sampler;
}

Generation Generator::generate(std::span<const std::int32_t> prompt,
                               const GenerationOptions& options, const OnPiece& on_piece) {
  State& state = *state_;
  if (prompt.empty()) throw ArgumentError("generate: the prompt has no tokens");
  if (options.max_tokens == 0)
    throw ArgumentError("generate: max_tokens is 0, it must be positive");
  ops::check_settings(settings_of(options.sampling));
  for (const std::int32_t token : prompt) static_cast<void>(state.tokenizer.bytes_of(token));
  if (prompt.size() >= context_length()) {
    throw ArgumentError(concat("generate: a prompt of ", prompt.size(),
                               " tokens; the context holds ", context_length(),
                               ", and the answer needs one at least"));
  }
  Stops stops = stops_of(options, state.tokenizer);
  Text text(state.tokenizer, std::move(stops.texts), on_piece);
  SamplingOptions sampling = options.sampling.is_plain() ? SamplingOptions{} : options.sampling;
  sampling.penalty_window = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(sampling.penalty_window, context_length()));
  std::vector<std::int32_t> tokens(prompt.begin(), prompt.end());
  Generation generation{.prompt_tokens = prompt.size()};
  try {
    TokenSampler& sampler = state.sampler_of(sampling);
    generation.reused_tokens = state.evaluator.evaluate(tokens);
    sampler.begin(tokens);
    state.draw(generation, tokens, text, options, stops.tokens);
  } catch (...) {
    state.evaluator.forget();
    state.sampler.reset();
    throw;
  }
  text.finish();
  if (text.is_refused()) generation.reason = FinishReason::caller;
  generation.text = std::move(text.whole);
  return generation;
}

/// Draws tokens to the end; the device is a few ahead of what is read.
void Generator::State::draw(Generation& generation, std::vector<std::int32_t>& tokens, Text& text,
                            const GenerationOptions& options,
                            const std::vector<std::int32_t>& stop_tokens) {
  const SharedEvent event(foundry.device());
  const std::uint64_t seed = options.seed ? *options.seed : random_seed();
  const std::uint64_t room = evaluator.context_length() - tokens.size();
  const std::uint64_t limit = tokens.size() + std::min<std::uint64_t>(options.max_tokens, room);
  generation.reason = options.max_tokens <= room ? FinishReason::length : FinishReason::context;
  std::uint64_t encoded = tokens.size();
  while (tokens.size() < limit) {
    for (; encoded < std::min(limit, tokens.size() + kAhead); ++encoded) {
      evaluator.decode(encoded - 1);
      sampler->encode(encoded - 1, seed, event);
    }
    event.wait(tokens.size(), foundry.stream());
    const std::int32_t token = sampler->read(tokens.size());
    evaluator.add_cached(tokens.back());
    if (std::ranges::find(stop_tokens, token) != stop_tokens.end()) {
      generation.reason = FinishReason::stop;
      return;
    }
    if (!options.ignore_end && tokenizer.is_end(token)) {
      generation.reason = FinishReason::end;
      return;
    }
    tokens.push_back(token);
    generation.tokens.push_back(token);
    text.push(token);
    if (text.has_stopped()) generation.reason = FinishReason::stop;
    if (text.has_stopped() || text.is_refused()) return;
  }
}

}  // namespace foundry
