// StopText: passes text through until a text is complete that ends it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foundry {

/// What is shown never contains a stop. The first that is complete counts, of those that end at the
/// same character the longest, however the text comes in pieces.
class StopText {
 public:
  /// ArgumentError for an empty one, and for one that is no UTF-8.
  explicit StopText(std::vector<std::string> stops);

  /// The part of the text that can be shown.
  [[nodiscard]] std::string push(std::string_view text);
  /// What was held back, once no more text comes.
  [[nodiscard]] std::string finish();
  [[nodiscard]] bool has_stopped() const noexcept { return has_stopped_; }

 private:
  [[nodiscard]] std::size_t undecided() const;

  std::vector<std::string> stops_;
  std::string held_;
  bool has_stopped_ = false;
};

}  // namespace foundry
