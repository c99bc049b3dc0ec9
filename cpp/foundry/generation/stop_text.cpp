#include "foundry/generation/stop_text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/generation/utf8.hpp"

namespace foundry {

StopText::StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (stop.empty()) throw ArgumentError("generate: a stop is empty");
    require_utf8(stop, "generate: a stop");
  }
}

std::string StopText::push(std::string_view text) {
  if (has_stopped_) return {};
  held_ += text;
  std::optional<std::pair<std::size_t, std::size_t>> first;  // where a stop ends and begins
  for (const std::string& stop : stops_) {
    const std::size_t start = held_.find(stop);
    if (start == std::string::npos) continue;
    const std::pair found(start + stop.size(), start);
    first = first ? std::min(*first, found) : found;
  }
  has_stopped_ = first.has_value();
  std::string shown = held_.substr(0, first ? first->second : held_.size() - undecided());
  held_.erase(0, first ? held_.size() : shown.size());
  return shown;
}

std::string StopText::finish() {
  return std::exchange(held_, {});
}

/// The length of the longest end of the held text that begins a stop.
std::size_t StopText::undecided() const {
  std::size_t longest = 0;
  for (const std::string& stop : stops_) {
    for (std::size_t length = std::min(stop.size() - 1, held_.size()); length > longest; --length) {
      if (held_.ends_with(std::string_view(stop).substr(0, length))) longest = length;
    }
  }
  return longest;
}

}  // namespace foundry
