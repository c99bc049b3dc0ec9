#include "foundry/generation/word_cutter.hpp"

#include <algorithm>
#include <array>

#include "foundry/generation/utf8.hpp"

namespace foundry {

namespace {

using Op = PatternInstruction::Op;
constexpr std::size_t kCodePoints = 0x110000;
constexpr std::size_t kNoMatch = static_cast<std::size_t>(-1);

struct Range {
  std::size_t start = 0;
  std::size_t end = 0;
};

/// Instructions in the order of preference, each once.
class Threads {
 public:
  void begin(std::size_t instructions) {
    waiting.clear();
    seen_.resize(instructions);
    if (++round_ == 0) {
      std::ranges::fill(seen_, 0);
      round_ = 1;
    }
  }
  bool is_new(std::uint32_t instruction) {
    if (seen_[instruction] == round_) return false;
    seen_[instruction] = round_;
    return true;
  }
  std::vector<std::uint32_t> waiting;  // those that take a character or match

 private:
  std::vector<std::uint32_t> seen_;
  std::uint32_t round_ = 0;
};

}  // namespace

/// Matches one program within one piece of a text at a time.
class PatternMatcher {
 public:
  PatternMatcher(const WordCutter& cutter, const std::vector<PatternInstruction>& program,
                 std::span<const std::uint8_t> codes)
      : cutter_(cutter), program_(program), codes_(codes) {}

  /// Where the match that begins at `start` ends; kNoMatch if there is none.
  std::size_t match(Range piece, std::size_t start) { return run(piece, start, 0, 0); }

 private:
  struct Level {
    Threads now;
    Threads next;
    std::vector<std::uint32_t> stack;
  };

  std::size_t run(Range piece, std::size_t start, std::uint32_t entry, std::size_t depth) {
    Level& level = levels_[depth];
    level.now.begin(program_.size());
    add(level.now, piece, start, entry, depth);
    std::size_t found = kNoMatch;
    for (std::size_t at = start; !level.now.waiting.empty(); ++at) {
      level.next.begin(program_.size());
      for (const std::uint32_t index : level.now.waiting) {
        const PatternInstruction& instruction = program_[index];
        if (instruction.op == Op::match) {
          found = at;  // those that are left are preferred less
          break;
        }
        if (at < piece.end && is_of(at, instruction.x)) {
          add(level.next, piece, at + 1, index + 1, depth);
        }
      }
      std::swap(level.now, level.next);
    }
    return found;
  }

  /// Follows what takes no character.
  void add(Threads& threads, Range piece, std::size_t at, std::uint32_t entry, std::size_t depth) {
    std::vector<std::uint32_t>& stack = levels_[depth].stack;
    stack.assign(1, entry);
    while (!stack.empty()) {
      const std::uint32_t index = stack.back();
      stack.pop_back();
      if (!threads.is_new(index)) continue;
      const PatternInstruction& instruction = program_[index];
      switch (instruction.op) {
        case Op::match:
        case Op::take:
          threads.waiting.push_back(index);
          break;
        case Op::split:
          stack.push_back(instruction.y);
          stack.push_back(instruction.x);
          break;
        case Op::jump:
          stack.push_back(instruction.x);
          break;
        case Op::ahead:
          if ((at < piece.end && is_of(at, instruction.x)) == (instruction.y != 0)) {
            stack.push_back(index + 1);
          }
          break;
        case Op::behind:
          if ((at > piece.start && is_of(at - 1, instruction.x)) == (instruction.y != 0)) {
            stack.push_back(index + 1);
          }
          break;
        case Op::look:
          if ((run(piece, at, instruction.x, depth + 1) != kNoMatch) == (instruction.y != 0)) {
            stack.push_back(index + 1);
          }
          break;
        case Op::begin:
          if (at == piece.start) stack.push_back(index + 1);
          break;
        case Op::end:
          if (at == piece.end) stack.push_back(index + 1);
          break;
      }
    }
  }

  bool is_of(std::size_t at, std::uint32_t kind) const {
    return cutter_.has_code_[std::size_t{kind} * cutter_.codes_ + codes_[at]] != 0;
  }

  const WordCutter& cutter_;
  const std::vector<PatternInstruction>& program_;
  std::span<const std::uint8_t> codes_;
  std::array<Level, 2> levels_;  // a pattern, and what it looks for
};

WordCutter::WordCutter(const TextTables& tables) {
  const auto starts = tables.numbers<std::uint32_t>("words.starts");
  const auto codes = tables.numbers<std::uint8_t>("words.codes", starts.size());
  const std::uint32_t classes = tables.number("words.class_count");
  const auto has = tables.numbers<std::uint8_t>("words.classes");
  if (classes == 0 || has.size() % classes != 0 || has.size() / classes == 0) {
    tables.fail("words.classes", concat("has ", has.size(), " entries for ", classes, " classes"));
  }
  has_code_.assign(has.begin(), has.end());
  codes_ = static_cast<std::uint32_t>(has.size() / classes);

  code_of_.resize(kCodePoints);
  if (starts.empty() || starts[0] != 0) tables.fail("words.starts", "does not begin at 0");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : kCodePoints;
    if (end <= starts[i] || end > kCodePoints || codes[i] >= codes_) {
      tables.fail("words.starts",
                  concat("has a range from ", starts[i], " to ", end, " of code ",
                         unsigned{codes[i]}, "; expected ascending ones of ", codes_, " codes"));
    }
    std::fill(code_of_.begin() + starts[i], code_of_.begin() + static_cast<std::ptrdiff_t>(end),
              codes[i]);
  }

  const auto ends = tables.numbers<std::uint32_t>("words.ends");
  const auto code = tables.numbers<std::uint32_t>("words.code");
  std::size_t start = 0;
  for (const std::uint32_t end : ends) {
    if (end <= start || end > code.size() / 3) {
      tables.fail("words.ends",
                  concat("has ", end, " after ", start, " of ", code.size() / 3, " instructions"));
    }
    Program program;
    for (; start < end; ++start) {
      const auto words = code.subspan(3 * start, 3);
      if (words[0] > static_cast<std::uint32_t>(Op::end)) {
        tables.fail("words.code", concat("has instruction ", words[0], " at ", start));
      }
      program.push_back({static_cast<Op>(words[0]), words[1], words[2]});
    }
    check(tables, program);
    programs_.push_back(std::move(program));
  }
}

void WordCutter::check(const TextTables& tables, const Program& program) const {
  const std::size_t classes = has_code_.size() / codes_;
  const auto require = [&](bool is_met, std::size_t index, const char* what) {
    if (!is_met) tables.fail("words.code", concat("has instruction ", index, " ", what));
  };
  const auto successors = [&](std::uint32_t index) -> std::vector<std::uint32_t> {
    const PatternInstruction& one = program[index];
    switch (one.op) {
      case Op::match:
        return {};
      case Op::split:
        return {one.x, one.y};
      case Op::jump:
        return {one.x};
      default:
        return {index + 1};
    }
  };
  for (std::uint32_t index = 0; index < program.size(); ++index) {
    const PatternInstruction& one = program[index];
    for (const std::uint32_t next : successors(index)) {
      require(next < program.size(), index, "that goes on past its end");
    }
    const bool has_class = one.op == Op::take || one.op == Op::ahead || one.op == Op::behind;
    require(!has_class || one.x < classes, index, "of a class that is not there");
    if (one.op != Op::look) continue;
    require(one.x < program.size(), index, "that looks past its end");
    std::vector<std::uint32_t> reached{one.x};
    std::vector<bool> seen(program.size());
    while (!reached.empty()) {
      const std::uint32_t at = reached.back();
      reached.pop_back();
      if (at >= program.size() || seen[at]) continue;
      seen[at] = true;
      require(program[at].op != Op::look, index, "that looks within a look");
      std::ranges::copy(successors(at), std::back_inserter(reached));
    }
  }
}

std::vector<std::string_view> WordCutter::cut(std::string_view text) const {
  std::vector<std::uint8_t> codes;
  std::vector<std::size_t> offsets;
  codes.reserve(text.size());
  offsets.reserve(text.size() + 1);
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character character = utf8_at(text, at);
    codes.push_back(code_of_[character.code]);
    offsets.push_back(at);
    at += character.length;
  }
  offsets.push_back(text.size());

  std::vector<Range> pieces;
  if (!codes.empty()) pieces.push_back({0, codes.size()});
  for (const Program& program : programs_) {
    PatternMatcher matcher(*this, program, codes);
    std::vector<Range> cut;
    for (const Range piece : pieces) {
      std::size_t kept = piece.start;
      for (std::size_t at = piece.start; at < piece.end;) {
        const std::size_t end = matcher.match(piece, at);
        if (end == kNoMatch || end == at) {
          ++at;
          continue;
        }
        if (at > kept) cut.push_back({kept, at});
        cut.push_back({at, end});
        at = kept = end;
      }
      if (kept < piece.end) cut.push_back({kept, piece.end});
    }
    pieces = std::move(cut);
  }
  std::vector<std::string_view> words;
  words.reserve(pieces.size());
  for (const Range piece : pieces) {
    words.push_back(text.substr(offsets[piece.start], offsets[piece.end] - offsets[piece.start]));
  }
  return words;
}

}  // namespace foundry
