#include "foundry/program/program_graph.hpp"

#include <algorithm>

#include "foundry/core/error.hpp"

namespace foundry::detail {

namespace {

constexpr std::size_t kMostNames = 12;  // in a message

/// "'ids', 'x' and 70 more"; "none".
template <class Names>
std::string listed(const Names& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    text += concat(i ? ", " : "", "'", names[i], "'");
  }
  if (names.size() > kMostNames) text += concat(" and ", names.size() - kMostNames, " more");
  return text.empty() ? "none" : text;
}

}  // namespace

std::uint32_t ProgramGraph::tensor(std::string_view wanted) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const auto& tensor) { return tensor.name == wanted; });
  if (found != tensors.end()) return static_cast<std::uint32_t>(found - tensors.begin());
  std::vector<std::string> names;
  for (const auto& tensor : tensors) names.push_back(tensor.name);
  throw ArgumentError(
      concat("program '", name, "' has no tensor '", wanted, "'; there are ", listed(names)));
}

std::uint32_t ProgramGraph::parameter(std::string_view wanted) const {
  const auto found = std::find(parameters.begin(), parameters.end(), wanted);
  if (found != parameters.end()) return static_cast<std::uint32_t>(found - parameters.begin());
  throw ArgumentError(concat("program '", name, "' has no parameter '", wanted, "'; there are ",
                             listed(parameters)));
}

}  // namespace foundry::detail
