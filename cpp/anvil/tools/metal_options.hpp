// metal_options.hpp: the command line of `metal`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "anvil/tools/tools.hpp"

namespace anvil::tools {

struct MetalOptions {
  enum class Until { library, air, expanded };

  std::vector<std::string> inputs;
  std::string output;  ///< empty: as each use of the compiler has it
  Until until = Until::library;
  bool line_markers = true;  ///< in what is expanded
  std::vector<std::pair<std::string, std::string>> defines;
  std::vector<std::string> includes;
  std::string math = "fast";
  std::string standard;  ///< empty: the compiler's default
  bool logging = false;
  bool writes_dependencies = false;
  std::string dependencies, dependency_target;  ///< empty: beside the output; the output
};

/// Throws ToolError that names an option which is not supported, and those that are.
MetalOptions parse_metal_options(Arguments arguments);

}  // namespace anvil::tools
