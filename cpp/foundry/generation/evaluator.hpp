// Evaluator: an exported model's steps on one cache of keys and values, which grows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/generation/text_tables.hpp"
#include "foundry/program/program.hpp"
#include "foundry/runtime/foundry.hpp"

namespace foundry {

/// One thread at a time.
class Evaluator {
 public:
  /// The programs of `folder`, as `tables` name them. `foundry` has to live as long. Throws what
  /// Program::load() does.
  Evaluator(Foundry& foundry, const TextTables& tables, const std::string& folder,
            const std::string& weights);

  /// Positions at most.
  [[nodiscard]] std::uint64_t context_length() const noexcept { return context_length_; }
  /// The token that decode() evaluates, i32 (1,), and the logits that it leaves.
  [[nodiscard]] AnyTensor token() const { return decode().tensor("ids"); }
  [[nodiscard]] AnyTensor logits() const { return decode().tensor("logits"); }

  /// Brings the cache to all but the last of `tokens`, and that one into token(). Returns how many
  /// were there already.
  std::size_t evaluate(std::span<const std::int32_t> tokens);
  /// Encodes the step of token(), which stands at `position`.
  void decode(std::uint64_t position);
  /// The cache is of one token more: decode() has evaluated it.
  void add_cached(std::int32_t token) { cached_.push_back(token); }
  /// The cache is of nothing: after a failure it is not known what it holds.
  void forget() noexcept { cached_.clear(); }

 private:
  [[nodiscard]] Program& decode() { return steps_.at(1); }
  [[nodiscard]] const Program& decode() const { return steps_.at(1); }
  [[nodiscard]] std::uint64_t step_for(std::uint64_t left, std::uint64_t at) const;
  void replay(Program& program, std::uint64_t position, std::uint64_t count);
  void reserve(std::uint64_t positions);
  [[nodiscard]] std::size_t reusable(std::span<const std::int32_t> tokens) const;

  Foundry& foundry_;
  std::uint64_t context_length_;
  std::map<std::uint64_t, Program, std::greater<>> steps_;  // by tokens, the most first
  std::vector<std::string> growing_;                        // names of caches by position
  std::vector<std::string> rings_;                          // of those of the last positions
  std::vector<std::uint64_t> windows_;                      // of each ring: what a token attends to
  std::vector<std::string> states_;                         // of those that follow the last token
  std::uint64_t capacity_ = 0;                              // positions of the caches that grow
  bool has_positions_ = true;  // recurrent layers alone do not ask where they are
  std::vector<std::int32_t> cached_;
  std::uint64_t written_ = 0;  // the position after the last that was evaluated since one at 0
};

}  // namespace foundry
