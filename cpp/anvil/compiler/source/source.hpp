// source.hpp: one MSL source, as written and with its macros expanded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace anvil::compiler {

/// From `line` of the text on, diagnostics name `file` and count from `presumed` (#line).
struct LineOrigin {
  uint32_t line = 1;
  uint32_t presumed = 1;
  std::string file;
};

struct Source {
  std::string name;
  std::string original;
  std::string expanded;  ///< line N holds what line N of `original` expands to, columns kept
  std::vector<LineOrigin> origins;

  /// Line `number` of the original (from 1), without its line break.
  std::string_view original_line(uint32_t number) const;
  /// Where diagnostics say that line `number` is.
  LineOrigin presumed(uint32_t number) const;
};

}  // namespace anvil::compiler
