#include "foundry/generation/special_tokens.hpp"

#include <algorithm>
#include <utility>

namespace foundry {

namespace {

bool is_blank(char byte) {
  return std::string_view(" \t\n\v\f\r").find(byte) != std::string_view::npos;
}

std::size_t end_of_blanks(std::string_view text, std::size_t at, std::size_t end) {
  while (at < end && is_blank(text[at])) ++at;
  return at;
}

std::size_t start_of_blanks(std::string_view text, std::size_t at, std::size_t start) {
  while (at > start && is_blank(text[at - 1])) --at;
  return at;
}

bool is_allowed(const SpecialToken& token, TextSpan span, std::span<const TextSpan> allowed) {
  if (!token.is_control) return true;
  const auto after = std::ranges::upper_bound(allowed, span.start, {}, &TextSpan::start);
  return after != allowed.begin() && span.end <= (after - 1)->end;
}

}  // namespace

SpecialTokens::SpecialTokens(std::vector<SpecialToken> tokens) : tokens_(std::move(tokens)) {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const SpecialToken& token = tokens_[i];
    by_text_.emplace(token.text, i);
    lengths_[static_cast<unsigned char>(token.text[0])].push_back(token.text.size());
    strips_ = strips_ || token.strips_left || token.strips_right;
  }
  for (auto& lengths : lengths_) {
    std::ranges::sort(lengths, std::ranges::greater());
    lengths.erase(std::ranges::unique(lengths).begin(), lengths.end());
  }
}

const SpecialToken* SpecialTokens::find(std::string_view text) const {
  const auto found = by_text_.find(text);
  return found == by_text_.end() ? nullptr : &tokens_[found->second];
}

std::vector<SpecialTokens::Part> SpecialTokens::split(std::string_view text,
                                                      std::span<const TextSpan> allowed) const {
  std::vector<Found> found;
  for (const TextSpan cluster : clusters(text)) {
    const SpecialToken* token = find(text.substr(cluster.start, cluster.end - cluster.start));
    if (token && is_allowed(*token, cluster, allowed)) {
      found.push_back({cluster, token});
    } else {
      find_longest_first(text, cluster, allowed, found);
    }
  }
  std::vector<Part> parts;
  std::size_t at = 0;
  for (const auto& [span, token] : found) {
    if (span.start > at) parts.push_back({text.substr(at, span.start - at)});
    parts.push_back({{}, token->token});
    at = span.end;
  }
  if (at < text.size()) parts.push_back({text.substr(at)});
  return parts;
}

/// The parts of a text in which special tokens lie, with what they may strip: no special token
/// reaches from one to another.
std::vector<TextSpan> SpecialTokens::clusters(std::string_view text) const {
  std::vector<TextSpan> found;
  TextSpan cluster;
  const auto finish = [&] {
    if (cluster.end > cluster.start) found.push_back(cluster);
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto& lengths = lengths_[static_cast<unsigned char>(text[at])];
    const auto length = std::ranges::find_if(
        lengths, [&](std::size_t count) { return find(text.substr(at, count)) != nullptr; });
    if (length == lengths.end()) continue;
    std::size_t start = at;
    std::size_t end = std::min(at + *length, text.size());
    if (end <= cluster.end) continue;
    if (strips_) {
      start = start_of_blanks(text, start, cluster.end);
      end = end_of_blanks(text, end, text.size());
    }
    if (start < cluster.end + (strips_ ? 1 : 0)) {
      cluster.end = end;
      continue;
    }
    finish();
    cluster = {start, end};
  }
  finish();
  return found;
}

void SpecialTokens::find_longest_first(std::string_view text, TextSpan cluster,
                                       std::span<const TextSpan> allowed,
                                       std::vector<Found>& found) const {
  std::vector<const SpecialToken*> spelled;
  const std::string_view inside = text.substr(0, cluster.end);
  for (std::size_t at = cluster.start; at < cluster.end; ++at) {
    for (const std::size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
      if (const SpecialToken* token = find(inside.substr(at, length))) spelled.push_back(token);
    }
  }
  const auto order = [](const SpecialToken* token) {
    return std::pair(static_cast<std::ptrdiff_t>(-1) * std::ssize(token->text), token->token);
  };
  std::ranges::sort(spelled, {}, order);
  spelled.erase(std::ranges::unique(spelled).begin(), spelled.end());

  const std::size_t first = found.size();
  std::vector<TextSpan> left{cluster};
  for (const SpecialToken* token : spelled) {
    const std::vector<TextSpan> fragments = std::exchange(left, {});
    for (auto [start, end] : fragments) {
      const std::string_view fragment = text.substr(0, end);
      std::size_t at = fragment.find(token->text, start);
      while (at != std::string_view::npos) {
        std::size_t after = at + token->text.size();
        if (!is_allowed(*token, {at, after}, allowed)) {
          at = fragment.find(token->text, at + 1);
          continue;
        }
        const std::size_t before = token->strips_left ? start_of_blanks(text, at, start) : at;
        if (token->strips_right) after = end_of_blanks(text, after, end);
        found.push_back({{before, after}, token});
        if (before > start) left.push_back({start, before});
        start = after;
        at = fragment.find(token->text, start);
      }
      if (end > start) left.push_back({start, end});
    }
  }
  std::ranges::sort(std::span(found).subspan(first), {},
                    [](const Found& one) { return one.span.start; });
}

}  // namespace foundry
