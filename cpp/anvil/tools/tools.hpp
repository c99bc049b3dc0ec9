// tools.hpp: Apple's programs for .metal files, as far as build systems call them. Each gets its
// arguments without the program's name and returns its exit status.
#pragma once

#include <span>
#include <stdexcept>
#include <string>

namespace anvil::tools {

/// A tool's error, without the tool's name in front.
struct ToolError : std::runtime_error {
  using runtime_error::runtime_error;
};

using Arguments = std::span<const std::string>;

/// .metal files to .air files, or to a library.
int metal(Arguments arguments);
/// .air files to a library.
int metallib(Arguments arguments);
/// .air files to an archive of them.
int metal_ar(Arguments arguments);
/// The functions of libraries, Apple's too.
int metal_nm(Arguments arguments);
/// Finds or runs one of the others. `folder` is where they are by name.
int xcrun(Arguments arguments, const std::string& folder);

/// Null if there is no such tool.
int (*find_tool(std::string_view name))(Arguments);

}  // namespace anvil::tools
