// files.hpp: files in and out, of which "-" is standard input or output.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "anvil/metallib/archive.hpp"

namespace anvil::tools {

// All throw ToolError with what the system says.

std::string read_standard_input();
void write_file(const std::string& path, std::string_view bytes);

/// Translation units with their sources.
struct Units {
  std::vector<metallib::Unit> units;
  std::vector<std::string> texts;

  void add(Units more);
};

/// What `metal -c`, `metal-ar` or `metallib` wrote. Throws ToolError for anything else, Apple's
/// libraries among it.
Units read_units(const std::string& path);
void write_units(const std::string& path, const Units& units);

}  // namespace anvil::tools
