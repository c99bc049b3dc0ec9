#include "foundry/core/suggestion.hpp"

#include <algorithm>
#include <vector>

#include "foundry/core/concat.hpp"

namespace foundry {
namespace {

/// How many characters differ (Levenshtein, "Binary codes capable of correcting deletions,
/// insertions and reversals", 1966).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string> names) {
  constexpr std::size_t kLongest = 256;  // of names that are compared
  constexpr std::size_t kShown = 12;
  const std::string* closest = nullptr;
  std::size_t least = 1 + name.size() / 3;
  for (const std::string& each : names) {
    if (name.size() > kLongest || each.size() > kLongest) continue;
    const std::size_t changes = distance(name, each);
    if (changes > least || (closest && changes == least)) continue;
    closest = &each;
    least = changes;
  }
  if (closest) return concat("; did you mean '", *closest, "'?");
  if (names.empty()) return "; there are none";
  std::string text;
  for (const std::string& each : names.first(std::min(kShown, names.size()))) {
    text += concat(text.empty() ? "; there are " : ", ", each);
  }
  if (names.size() > kShown) text += concat(" and ", names.size() - kShown, " more");
  return text;
}

}  // namespace foundry
