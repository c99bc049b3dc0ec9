#include "foundry/generation/evaluator.hpp"

#include <algorithm>

#include "foundry/core/error.hpp"
#include "foundry/ops/ops.hpp"

namespace foundry {

namespace {

std::vector<std::string> names(const TextTables& tables, std::string_view key) {
  const auto& texts = tables.texts(key);
  return {texts.begin(), texts.end()};
}

}  // namespace

Evaluator::Evaluator(Foundry& foundry, const TextTables& tables, const std::string& folder,
                     const std::string& weights)
    : foundry_(foundry),
      context_length_(tables.number("model.context_length")),
      growing_(names(tables, "model.caches")),
      rings_(names(tables, "model.rings")),
      states_(names(tables, "model.states")) {
  const auto windows = tables.numbers<std::uint32_t>("model.windows", rings_.size());
  windows_.assign(windows.begin(), windows.end());
  const std::shared_ptr<const GgufFile> file = GgufFile::open(weights);
  for (const std::uint32_t tokens : tables.numbers<std::uint32_t>("model.steps")) {
    const std::string path = concat(folder, "/step-", tokens, ".foundry");
    Program program = Program::load(trusted, foundry.encoder(), path, std::span(&file, 1));
    if (program.tensor("ids").count() != tokens) {
      throw ProgramError(
          concat(path, ": its ids are ", program.tensor("ids").describe(), ", expected ", tokens));
    }
    // All have the caches of the first: their own go before others come.
    const Program& first = steps_.empty() ? program : steps_.begin()->second;
    for (const auto* group : {&growing_, &rings_, &states_}) {
      for (const std::string& name : *group) program.bind(name, first.tensor(name));
    }
    steps_.emplace(tokens, std::move(program));
  }
  if (!steps_.contains(1)) tables.fail("model.steps", "has no step of 1 token");
  const std::vector<std::string> parameters = decode().parameters();
  has_positions_ = std::ranges::find(parameters, "position") != parameters.end();
  capacity_ = growing_.empty() ? context_length_ : decode().tensor(growing_.front()).extent(0);
}

void Evaluator::reserve(std::uint64_t positions) {
  if (positions <= capacity_) return;
  const std::uint64_t wanted = std::min(context_length_, std::max(2 * capacity_, positions));
  std::map<std::string, AnyTensor> grown;  // bound when all are there
  for (const std::string& name : growing_) {
    const AnyTensor old = decode().tensor(name);
    std::vector<std::uint64_t> extents(old.extents().begin(), old.extents().end());
    extents[0] = wanted;
    AnyTensor longer =
        AnyTensor::dedicated(foundry_.device(), Extents(std::span<const std::uint64_t>(extents)),
                             old.dtype(), StorageMode::shared, name);
    foundry_.run(ops::Copy{old, longer.slice(0, 0, static_cast<std::int64_t>(old.extent(0)))});
    grown.emplace(name, std::move(longer));
  }
  for (auto& [tokens, program] : steps_) {
    for (const auto& [name, cache] : grown) program.bind(name, cache);
  }
  capacity_ = wanted;
}

std::size_t Evaluator::reusable(std::span<const std::int32_t> tokens) const {
  // A state is of what was evaluated last, tokens after the end of an answer among them.
  if (!states_.empty()) return 0;
  const auto [known, other] = std::ranges::mismatch(cached_, tokens.first(tokens.size() - 1));
  const auto count = static_cast<std::uint64_t>(known - cached_.begin());
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    // What the token after `count` attends to has to be there still.
    const std::uint64_t kept = decode().tensor(rings_[i]).extent(0);
    if (written_ > kept && written_ - kept + windows_[i] > count + 1) return 0;
  }
  return count;
}

/// The tokens of the next step where `left` are to be evaluated from position `at` on: as many as
/// there are steps for, or more, if that wastes no more than a step costs by itself. What a cache
/// has of positions that are not there yet is written over when they are; a state is not.
std::uint64_t Evaluator::step_for(std::uint64_t left, std::uint64_t at) const {
  constexpr std::uint64_t kMostWasted = 32;
  std::uint64_t above = 0;
  for (const auto& [count, program] : steps_) {
    if (count <= left) {
      const bool is_filled = above < 4 * left && above - left <= kMostWasted;
      const bool fits = above != 0 && at + above <= context_length_;
      return count < left && is_filled && fits ? above : count;
    }
    if (states_.empty()) above = count;
  }
  return 1;
}

std::size_t Evaluator::evaluate(std::span<const std::int32_t> tokens) {
  const std::size_t reused = reusable(tokens);
  forget();
  if (reused == 0) {
    written_ = 0;
    for (const std::string& name : states_) {
      foundry_.run(ops::Fill{.y = decode().tensor(name), .value = 0});
    }
  }
  reserve(tokens.size());
  const std::size_t last = tokens.size() - 1;
  for (std::uint64_t at = reused; at < last;) {
    const std::uint64_t count = step_for(last - at, at);
    Program& program = steps_.at(count);
    const auto part = tokens.subspan(at, std::min<std::uint64_t>(count, last - at));
    reserve(at + count);
    const AnyTensor ids = program.tensor("ids");
    const std::span<std::int32_t> room = ids.host_mutable<std::int32_t>();
    std::ranges::fill(room, 0);
    std::ranges::copy(part, room.begin());
    replay(program, at, count);
    at += part.size();
    foundry_.flush();
  }
  const AnyTensor next = token();
  next.host_mutable<std::int32_t>()[0] = tokens[last];
  cached_.assign(tokens.begin(), tokens.end() - 1);
  return reused;
}

void Evaluator::replay(Program& program, std::uint64_t position, std::uint64_t count) {
  const ParameterSetting first{"position", position};
  program.replay(std::span(&first, has_positions_ ? 1 : 0));
  written_ = std::max(written_, position + count);
}

void Evaluator::decode(std::uint64_t position) {
  reserve(position + 1);
  replay(decode(), position, 1);
}

}  // namespace foundry
