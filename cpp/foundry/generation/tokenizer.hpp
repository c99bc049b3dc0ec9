// Tokenizer: text to token ids and back, as an exported model has it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/generation/special_tokens.hpp"
#include "foundry/generation/text_tables.hpp"
#include "foundry/generation/utf8.hpp"

namespace foundry {

struct EncodeOptions {
  /// The text of a control token such as `<|im_end|>` becomes that token; false: plain characters,
  /// what untrusted text should be.
  bool parse_special = true;
  /// Adds what the model asks for after a text that is not continued.
  bool add_end = false;
};

/// Equal to Python's `foundry` on every text. Immutable and thread-safe.
class Tokenizer {
 public:
  /// Reads text.gguf of a folder that `model.export()` wrote. ProgramError for tables that are
  /// damaged or do not fit together.
  [[nodiscard]] static Tokenizer load(const std::string& path);
  explicit Tokenizer(std::shared_ptr<const TextTables> tables);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
  /// Token ids of a text. ArgumentError for one that is no UTF-8, or of 682.7 MiB and more.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text,
                                                 const EncodeOptions& options = {}) const;
  /// The same of a text of which only the spans `own`, sorted and disjoint, may spell control
  /// tokens.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text,
                                                 std::span<const TextSpan> own,
                                                 bool add_end = false) const;
  /// Text of token ids; bytes that are no UTF-8 become U+FFFD. ArgumentError for a token that is
  /// not there.
  [[nodiscard]] std::string decode(std::span<const std::int32_t> ids,
                                   bool skip_special = true) const;

  // Of a token; ArgumentError where there is none.
  [[nodiscard]] std::string_view bytes_of(std::int32_t token) const;
  [[nodiscard]] bool is_special(std::int32_t token) const;  ///< a control token, no text
  [[nodiscard]] bool is_end(std::int32_t token) const;      ///< ends a generation
  /// A text after it is cut as if it were the first.
  [[nodiscard]] bool begins_text(std::int32_t token) const;
  /// The control token that is spelled so.
  [[nodiscard]] std::optional<std::int32_t> control_token(std::string_view text) const;
  /// Never drawn.
  [[nodiscard]] std::span<const std::int32_t> suppressed() const noexcept { return suppressed_; }
  /// A text's first token has a space that is not the text's.
  [[nodiscard]] bool has_space_prefix() const noexcept { return has_space_prefix_; }

 private:
  struct Segmenter;
  [[nodiscard]] std::uint8_t flags_of(std::int32_t token) const;

  std::shared_ptr<const TextTables> tables_;
  std::vector<std::string_view> texts_;
  std::span<const std::uint8_t> flags_;
  std::span<const std::int32_t> first_;
  std::span<const std::int32_t> last_;
  std::vector<std::int32_t> suppressed_;
  bool has_space_prefix_ = false;
  std::unique_ptr<const SpecialTokens> special_;
  std::unique_ptr<const Segmenter> segmenter_;
};

/// Turns tokens that go on after others into text as they come; the tokenizer has to live as long.
class StreamDecoder {
 public:
  /// What `begins` is a text of its own: without the space that the model put before it.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true, bool begins = false);

  /// The text that `token` completes; empty while a character is still open.
  [[nodiscard]] std::string push(std::int32_t token);
  /// What is still open, as U+FFFD.
  [[nodiscard]] std::string finish() { return utf8_.finish(); }

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  bool is_whole_;
  bool begins_;
  Utf8Stream utf8_;
};

}  // namespace foundry
