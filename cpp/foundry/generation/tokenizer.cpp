#include "foundry/generation/tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <variant>

#include "foundry/core/error.hpp"
#include "foundry/generation/byte_pair.hpp"
#include "foundry/generation/sentence_piece.hpp"

namespace foundry {

namespace {

// Bits of a token's flags (python/foundry/export/tokenizer_tables.py).
constexpr std::uint8_t kSpecial = 1;
constexpr std::uint8_t kDefined = 2;
constexpr std::uint8_t kStripsLeft = 4;
constexpr std::uint8_t kStripsRight = 8;
constexpr std::uint8_t kEnd = 16;
constexpr std::uint8_t kSuppressed = 32;

}  // namespace

struct Tokenizer::Segmenter {
  std::variant<BytePair, SentencePiece> model;

  static Segmenter of(const TextTables& tables, std::size_t tokens) {
    const std::string_view name = tables.text("tokenizer.model");
    if (name == "gpt2" || name == "gemma4") return {BytePair(tables, tokens)};
    if (name == "llama") return {SentencePiece(tables, tokens)};
    tables.fail("tokenizer.model",
                concat("has unsupported '", name, "'; supported: 'gemma4', 'gpt2', 'llama'"));
  }
};

Tokenizer Tokenizer::load(const std::string& path) {
  return Tokenizer(std::make_shared<const TextTables>(path));
}

Tokenizer::Tokenizer(std::shared_ptr<const TextTables> tables)
    : tables_(std::move(tables)),
      texts_(tables_->byte_strings("tokenizer.texts")),
      flags_(tables_->numbers<std::uint8_t>("tokenizer.flags", texts_.size())),
      first_(tables_->numbers<std::int32_t>("tokenizer.first")),
      last_(tables_->numbers<std::int32_t>("tokenizer.last")),
      has_space_prefix_(tables_->flag("tokenizer.space_prefix")) {
  tables_->require_tokens("tokenizer.first", first_, size(), false);
  tables_->require_tokens("tokenizer.last", last_, size(), false);
  std::vector<SpecialToken> special;
  for (std::size_t index = 0; index < size(); ++index) {
    const auto token = static_cast<std::int32_t>(index);
    const std::uint8_t flags = flags_[index];
    if ((flags & kSuppressed) != 0) suppressed_.push_back(token);
    if ((flags & (kSpecial | kDefined)) == 0 || texts_[index].empty()) continue;
    special.push_back({texts_[index], token, (flags & kSpecial) != 0, (flags & kStripsLeft) != 0,
                       (flags & kStripsRight) != 0});
  }
  special_ = std::make_unique<const SpecialTokens>(std::move(special));
  segmenter_ = std::make_unique<const Segmenter>(Segmenter::of(*tables_, size()));
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text,
                                            const EncodeOptions& options) const {
  const TextSpan whole{0, text.size()};
  return encode(text, std::span(&whole, options.parse_special ? 1 : 0), options.add_end);
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, std::span<const TextSpan> own,
                                            bool add_end) const {
  // Spelled spaces take three bytes, and pieces are counted in 32 bits.
  if (text.size() >= std::numeric_limits<std::int32_t>::max() / 3) {
    throw ArgumentError(
        concat("encode: a text of ", format_bytes(text.size()), "; expected one below 682.7 MiB"));
  }
  require_utf8(text, "encode: the text");
  std::vector<std::int32_t> ids;
  bool begins = true;
  for (const auto& [part, token] : special_->split(text, own)) {
    if (token >= 0) {
      ids.push_back(token);
    } else if (const auto* pieces = std::get_if<SentencePiece>(&segmenter_->model)) {
      pieces->encode(part, begins, ids);
    } else {
      std::get<BytePair>(segmenter_->model).encode(part, ids);
    }
    begins = token >= 0;
  }
  if (!first_.empty() && (ids.empty() || ids[0] != first_[0])) {
    ids.insert(ids.begin(), first_.begin(), first_.end());
  }
  if (add_end) ids.insert(ids.end(), last_.begin(), last_.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  StreamDecoder stream(*this, skip_special, true);
  std::string text;
  for (const std::int32_t token : ids) text += stream.push(token);
  return text + stream.finish();
}

std::uint8_t Tokenizer::flags_of(std::int32_t token) const {
  if (token < 0 || static_cast<std::size_t>(token) >= size()) {
    throw ArgumentError(concat("token ", token, ": the vocabulary has ", size(), " tokens"));
  }
  return flags_[static_cast<std::size_t>(token)];
}

std::string_view Tokenizer::bytes_of(std::int32_t token) const {
  static_cast<void>(flags_of(token));
  return texts_[static_cast<std::size_t>(token)];
}

bool Tokenizer::is_special(std::int32_t token) const {
  return (flags_of(token) & kSpecial) != 0;
}

bool Tokenizer::is_end(std::int32_t token) const {
  return (flags_of(token) & kEnd) != 0;
}

bool Tokenizer::begins_text(std::int32_t token) const {
  return (flags_of(token) & (kSpecial | kDefined)) != 0;
}

std::optional<std::int32_t> Tokenizer::control_token(std::string_view text) const {
  const SpecialToken* found = special_->find(text);
  return found && found->is_control ? std::optional(found->token) : std::nullopt;
}

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special, bool begins)
    : tokenizer_(&tokenizer),
      skip_special_(skip_special),
      is_whole_(begins && tokenizer.has_space_prefix()),
      begins_(is_whole_) {}

std::string StreamDecoder::push(std::int32_t token) {
  std::string_view bytes = tokenizer_->bytes_of(token);
  const bool is_special = tokenizer_->begins_text(token);
  if (skip_special_ && tokenizer_->is_special(token)) bytes = {};
  if (begins_ && !is_special && bytes.starts_with(' ')) bytes.remove_prefix(1);
  begins_ = is_whole_ && is_special;
  return utf8_.push(bytes);
}

}  // namespace foundry
