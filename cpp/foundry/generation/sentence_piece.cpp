#include "foundry/generation/sentence_piece.hpp"

#include <cmath>
#include <queue>
#include <string>

#include "foundry/generation/utf8.hpp"

namespace foundry {

namespace {

/// Two neighbours that make a token: where the left one begins, the length of both.
struct Neighbours {
  float score = 0;
  std::uint32_t at = 0;
  std::uint32_t length = 0;

  friend bool operator<(const Neighbours& a, const Neighbours& b) {
    return a.score != b.score ? a.score < b.score : a.at > b.at;
  }
};

}  // namespace

SentencePiece::SentencePiece(const TextTables& tables, std::size_t tokens)
    : ids_(tokens_by_text(tables, tokens)),
      scores_(tables.numbers<float>("pieces.scores", tokens)),
      of_byte_(tokens_of_bytes(tables, tokens, false)),
      has_space_prefix_(tables.flag("tokenizer.space_prefix")) {
  for (const float score : scores_) {
    if (!std::isfinite(score)) tables.fail("pieces.scores", concat("has ", score));
  }
}

void SentencePiece::encode(std::string_view text, bool begins,
                           std::vector<std::int32_t>& ids) const {
  std::string whole(begins && has_space_prefix_ ? kSpelledSpace : "");
  whole += spelled(text);
  const std::string_view view = whole;
  // Pieces by where they begin, in bytes; one that has merged into the one before has no length.
  std::vector<std::uint32_t> length(view.size());
  std::vector<std::uint32_t> before(view.size() + 1);
  std::priority_queue<Neighbours> queue;
  const auto offer = [&](std::uint32_t left, std::uint32_t right) {
    const std::uint32_t both = length[left] + length[right];
    const auto found = ids_.find(view.substr(left, both));
    if (found == ids_.end()) return;
    queue.push({scores_[static_cast<std::size_t>(found->second)], left, both});
  };
  std::uint32_t last = 0;
  for (std::uint32_t at = 0; at < view.size();) {
    length[at] = utf8_at(view, at).length;
    before[at] = last;
    if (at > 0) offer(last, at);
    last = at;
    at += length[at];
  }
  before[view.size()] = last;
  while (!queue.empty()) {
    const Neighbours both = queue.top();
    queue.pop();
    const std::uint32_t left = both.at;
    const std::uint32_t right = left + length[left];
    // What has grown or gone since has another length.
    if (length[left] == 0 || right >= view.size() || length[left] + length[right] != both.length) {
      continue;
    }
    length[left] = both.length;
    length[right] = 0;
    const std::uint32_t next = left + both.length;
    before[next] = left;
    if (next < view.size()) offer(left, next);
    if (left > 0) offer(before[left], left);
  }
  for (std::uint32_t at = 0; at < view.size(); at += length[at]) {
    const std::string_view piece = view.substr(at, length[at]);
    if (const auto found = ids_.find(piece); found != ids_.end()) {
      ids.push_back(found->second);
      continue;
    }
    for (const char byte : piece) ids.push_back(of_byte_[static_cast<unsigned char>(byte)]);
  }
}

}  // namespace foundry
