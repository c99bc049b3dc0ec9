// Generator: text in, text out, with a model that Python exported and no Python in the process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/generation/chat_format.hpp"
#include "foundry/generation/evaluator.hpp"
#include "foundry/generation/sampling_options.hpp"
#include "foundry/generation/token_sampler.hpp"
#include "foundry/generation/tokenizer.hpp"

namespace foundry {

struct GenerationOptions {
  std::uint32_t max_tokens = 256;
  SamplingOptions sampling = {};
  std::optional<std::uint64_t> seed = {};  ///< none: other draws with every call
  /// The text ends before one of these; a control token's text stands for that token.
  std::vector<std::string> stops = {};
  bool ignore_end = false;    ///< goes on past the tokens that end a turn
  bool parse_special = true;  ///< of a raw text: Tokenizer::encode()
};

enum class FinishReason : std::uint8_t {
  end,      ///< a token that ends the turn
  stop,     ///< one of the stops
  length,   ///< max_tokens
  context,  ///< the context is full
  caller,   ///< its function said so
};
[[nodiscard]] const char* name_of(FinishReason reason) noexcept;

struct Generation {
  std::string text = {};
  std::vector<std::int32_t> tokens = {};  ///< without the one that ended it
  FinishReason reason = FinishReason::end;
  std::size_t prompt_tokens = 0;
  std::size_t reused_tokens = 0;  ///< of the prompt: those that the cache held already
};

/// Called with each piece of the text, at least one whole character; false ends the generation.
using OnPiece = std::function<bool(std::string_view piece)>;

/// The cache is kept from one call to the next: a prompt that begins as the one before, with its
/// answer, goes on from there. One thread at a time; several generators may share a Foundry.
class Generator {
 public:
  /// Reads a folder that `model.export()` wrote. `weights` is the GGUF file that the model was
  /// loaded from; `foundry` has to live as long. Its kernels run with all rights of this process:
  /// load only what you `trusted`. ProgramError for a damaged folder and for other weights,
  /// GgufError.
  [[nodiscard]] static Generator load(Trusted, Foundry& foundry, const std::string& folder,
                                      const std::string& weights);
  ~Generator();
  Generator(Generator&&) noexcept;
  Generator& operator=(Generator&&) noexcept;

  [[nodiscard]] const Tokenizer& tokenizer() const noexcept;
  [[nodiscard]] const ChatFormat& chat_format() const noexcept;
  [[nodiscard]] std::uint64_t context_length() const noexcept;

  /// Continues a text, or tokens, as they are. ArgumentError for a prompt without tokens or one
  /// that leaves no room in the context, and for options out of their range; DeviceError where the
  /// device fails and where the logits are not finite. After an error the cache is empty, and the
  /// next call works as ever.
  Generation generate(std::string_view prompt, const GenerationOptions& options = {},
                      const OnPiece& on_piece = {});
  Generation generate(std::span<const std::int32_t> prompt, const GenerationOptions& options = {},
                      const OnPiece& on_piece = {});
  /// Answers the last message. ArgumentError also for a model without a chat format.
  Generation chat(std::span<const Message> messages, const GenerationOptions& options = {},
                  const OnPiece& on_piece = {});

 private:
  struct State;
  explicit Generator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace foundry
