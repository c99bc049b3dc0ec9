#include "foundry/generation/byte_pair.hpp"

#include <algorithm>
#include <queue>

#include "foundry/generation/utf8.hpp"

namespace foundry {

namespace {

constexpr std::int32_t kNoToken = -1;

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

/// Two neighbours that may merge; those of the lowest rank do so first, of equals the leftmost.
struct BytePair::Candidate {
  std::uint32_t rank = 0;
  std::uint32_t at = 0;
  std::int32_t token = 0;

  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.at > b.at;
  }
};

BytePair::BytePair(const TextTables& tables, std::size_t tokens)
    : cutter_(tables),
      ids_(tokens_by_text(tables, tokens)),
      of_byte_(tokens_of_bytes(tables, tokens, true)),
      is_bytewise_(tables.flag("pieces.bytewise")),
      has_whole_words_(tables.flag("pieces.whole_words")),
      has_whole_newlines_(tables.flag("pieces.whole_newlines")) {
  const auto merges = tables.numbers<std::int32_t>("pieces.merges");
  if (merges.size() % 3 != 0) {
    tables.fail("pieces.merges", concat("has ", merges.size(), " entries, expected threes"));
  }
  tables.require_tokens("pieces.merges", merges, tokens, false);
  merges_.reserve(merges.size() / 3);
  for (std::size_t i = 0; i < merges.size(); i += 3) {
    merges_[pair_key(merges[i], merges[i + 1])] = {static_cast<std::uint32_t>(i / 3),
                                                   merges[i + 2]};
  }
}

void BytePair::encode(std::string_view text, std::vector<std::int32_t>& ids) const {
  if (!has_whole_newlines_) return encode_words(text, ids);
  for (std::size_t at = 0; at < text.size();) {
    const bool is_newlines = text[at] == '\n';
    const std::size_t end =
        std::min(is_newlines ? text.find_first_not_of('\n', at) : text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const auto found = is_newlines ? ids_.find(line) : ids_.end();
    if (found != ids_.end()) {
      ids.push_back(found->second);
    } else {
      encode_words(line, ids);
    }
    at = end;
  }
}

void BytePair::encode_words(std::string_view text, std::vector<std::int32_t>& ids) const {
  const std::string with_spaces = is_bytewise_ ? std::string() : spelled(text);
  for (const std::string_view word : cutter_.cut(is_bytewise_ ? text : with_spaces)) {
    encode_word(word, ids);
  }
}

void BytePair::encode_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (has_whole_words_) {
    if (const auto found = ids_.find(word); found != ids_.end()) {
      ids.push_back(found->second);
      return;
    }
  }
  // A list of pieces: each is where its first character was, and knows its neighbours. One that has
  // merged into the one before is nobody's neighbour.
  std::vector<std::int32_t> pieces = characters(word);
  const auto count = static_cast<std::uint32_t>(pieces.size());
  std::vector<std::uint32_t> before(count);
  std::vector<std::uint32_t> after(count);
  std::vector<bool> is_gone(count);
  std::priority_queue<Candidate> queue;
  const auto offer = [&](std::uint32_t left, std::uint32_t right) {
    if (const Merge* merge = merge_of(pieces[left], pieces[right])) {
      queue.push({merge->rank, left, merge->token});
    }
  };
  for (std::uint32_t at = 0; at < count; ++at) {
    before[at] = at - 1;
    after[at] = at + 1;
    if (at + 1 < count) offer(at, at + 1);
  }
  while (!queue.empty()) {
    const Candidate candidate = queue.top();
    queue.pop();
    const std::uint32_t left = candidate.at;
    const std::uint32_t right = after[left];
    if (is_gone[left] || right >= count) continue;
    // What has merged since is another pair; one that gives the same token is as good.
    const Merge* merge = merge_of(pieces[left], pieces[right]);
    if (!merge || merge->token != candidate.token) continue;
    pieces[left] = candidate.token;
    is_gone[right] = true;
    after[left] = after[right];
    if (after[left] < count) before[after[left]] = left;
    if (left > 0) offer(before[left], left);
    if (after[left] < count) offer(left, after[left]);
  }
  for (std::uint32_t at = 0; at < count; at = after[at]) {
    if (pieces[at] != kNoToken) ids.push_back(pieces[at]);
  }
}

/// The tokens of single characters, or of their bytes; kNoToken for what is no token.
std::vector<std::int32_t> BytePair::characters(std::string_view word) const {
  std::vector<std::int32_t> found;
  const auto add_bytes = [&](std::string_view bytes) {
    for (const char byte : bytes) found.push_back(of_byte_[static_cast<unsigned char>(byte)]);
  };
  if (is_bytewise_) {
    add_bytes(word);
    return found;
  }
  for (std::size_t at = 0; at < word.size();) {
    const std::string_view character = word.substr(at, utf8_at(word, at).length);
    const auto token = ids_.find(character);
    if (token != ids_.end()) {
      found.push_back(token->second);
    } else if (std::ranges::all_of(character, [&](char byte) {
                 return of_byte_[static_cast<unsigned char>(byte)] != kNoToken;
               })) {
      add_bytes(character);
    } else {
      found.push_back(kNoToken);
    }
    at += character.size();
  }
  return found;
}

const BytePair::Merge* BytePair::merge_of(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

}  // namespace foundry
