#include "foundry/generation/chat_format.hpp"

#include <algorithm>

#include "foundry/core/error.hpp"
#include "foundry/core/quoted.hpp"
#include "foundry/generation/utf8.hpp"

namespace foundry {

namespace {

constexpr std::string_view kEndOfReasoning = "</think>";

}  // namespace

ChatFormat::ChatFormat(const TextTables& tables) : absence_(tables.text("chat.absence")) {
  if (!absence_.empty()) return;
  const auto places = tables.numbers<std::uint8_t>("chat.places");
  const auto& texts = tables.texts("chat.pieces");
  tables.require_count("chat.places", places.size(), 2 * texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::uint8_t place = places[2 * i];
    const std::uint8_t next = places[2 * i + 1];
    if (place >= kPlaces.size() || next >= kPlaces.size()) {
      tables.fail("chat.places", concat("has ", unsigned{place}, " and ", unsigned{next}));
    }
    require_utf8(texts[i], "chat.pieces: a text");
    pieces_[place][next] = texts[i];
  }
  const auto strips = tables.numbers<std::uint8_t>("chat.strips", kRoles);
  std::ranges::copy(strips, strips_.begin());
  const std::uint32_t reasoning = tables.number("chat.reasoning");
  if (reasoning > static_cast<std::uint32_t>(Reasoning::dropped_with_newlines)) {
    tables.fail("chat.reasoning", concat("is ", reasoning));
  }
  reasoning_ = static_cast<Reasoning>(reasoning);
  white_space_ = tables.text("chat.white_space");
}

ChatText ChatFormat::render(std::span<const Message> messages) const {
  if (!absence_.empty()) {
    throw ArgumentError(concat("chat: ", absence_, "; supported: a raw text"));
  }
  if (messages.empty()) throw ArgumentError("chat: no messages; a chat has one at least");
  ChatText chat;
  const auto own = [&](std::string_view text) {
    if (text.empty()) return;
    if (!chat.own.empty() && chat.own.back().end == chat.text.size()) {
      chat.own.back().end += text.size();
    } else {
      chat.own.push_back({chat.text.size(), chat.text.size() + text.size()});
    }
    chat.text += text;
  };
  std::size_t place = kStart;
  for (const Message& message : messages) {
    const auto roles = std::span(kPlaces).first(kRoles);
    const auto role =
        static_cast<std::size_t>(std::ranges::find(roles, message.role) - roles.begin());
    if (role == kRoles) {
      throw ArgumentError(concat("chat: unsupported role ", Quoted{message.role},
                                 "; supported: 'system', 'user', 'assistant'"));
    }
    require_utf8(message.content, "chat: a message");
    own(between(place, role));
    chat.text += content_of(message, role);
    place = role;
  }
  own(between(place, kAnswer));
  return chat;
}

std::string_view ChatFormat::between(std::size_t place, std::size_t next) const {
  if (const auto& piece = pieces_[place][next]) return *piece;
  throw ArgumentError(concat("chat: the model's chat template has nothing between '",
                             kPlaces[place], "' and '", kPlaces[next], "'"));
}

std::string_view ChatFormat::content_of(const Message& message, std::size_t role) const {
  std::string_view content = message.content;
  const std::size_t end = content.rfind(kEndOfReasoning);
  if (kPlaces[role] == "assistant" && reasoning_ != Reasoning::kept &&
      end != std::string_view::npos) {
    content.remove_prefix(end + kEndOfReasoning.size());
    if (reasoning_ == Reasoning::dropped_with_newlines) {
      content.remove_prefix(std::min(content.find_first_not_of('\n'), content.size()));
    }
  }
  return stripped(content, strips_[role]);
}

std::string_view ChatFormat::stripped(std::string_view text, std::uint8_t sides) const {
  const auto is_white = [&](std::string_view character) {
    return white_space_.find(character) != std::string_view::npos;
  };
  std::size_t start = text.size();
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = at + utf8_at(text, at).length;
    if (!is_white(text.substr(at, next - at))) {
      start = std::min(start, at);
      end = next;
    }
    at = next;
  }
  if ((sides & kLeft) == 0) start = 0;
  if ((sides & kRight) == 0) end = text.size();
  return start < end ? text.substr(start, end - start) : std::string_view();
}

}  // namespace foundry
