// ChatFormat: messages as the text that a model was trained on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/generation/special_tokens.hpp"
#include "foundry/generation/text_tables.hpp"

namespace foundry {

struct Message {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// A prompt, and what of it the format wrote: no other characters are taken for control tokens.
struct ChatText {
  std::string text;
  std::vector<TextSpan> own;
};

/// What a chat template comes to: a fixed text between any two neighbours of a conversation
/// (python/foundry/export/chat_pieces.py). Immutable and thread-safe.
class ChatFormat {
 public:
  /// `tables` has to live as long.
  explicit ChatFormat(const TextTables& tables);

  /// Why there is none; empty where there is one.
  [[nodiscard]] std::string_view absence() const noexcept { return absence_; }
  /// The conversation up to where the answer begins. ArgumentError where there is no format, for
  /// another role, and for neighbours that the template does not take.
  [[nodiscard]] ChatText render(std::span<const Message> messages) const;

 private:
  static constexpr std::array<std::string_view, 5> kPlaces = {"system", "user", "assistant",
                                                              "the start", "the answer"};
  static constexpr std::size_t kRoles = 3;
  static constexpr std::size_t kStart = 3;
  static constexpr std::size_t kAnswer = 4;
  static constexpr std::uint8_t kLeft = 1;
  static constexpr std::uint8_t kRight = 2;
  enum class Reasoning : std::uint8_t { kept, dropped, dropped_with_newlines };

  [[nodiscard]] std::string_view between(std::size_t place, std::size_t next) const;
  [[nodiscard]] std::string_view content_of(const Message& message, std::size_t role) const;
  [[nodiscard]] std::string_view stripped(std::string_view text, std::uint8_t sides) const;

  std::string_view absence_;
  std::array<std::array<std::optional<std::string_view>, kPlaces.size()>, kPlaces.size()> pieces_;
  std::array<std::uint8_t, kRoles> strips_{};  // kLeft and kRight
  std::string_view white_space_;
  Reasoning reasoning_ = Reasoning::kept;
};

}  // namespace foundry
