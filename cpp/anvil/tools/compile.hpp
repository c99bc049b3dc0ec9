// compile.hpp: runs anvil-compiler on one source.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anvil/tools/files.hpp"
#include "anvil/tools/metal_options.hpp"

namespace anvil::tools {

struct CompiledSource {
  Units unit;                      ///< one; none of a source that was only expanded
  std::string text;                ///< expanded, with what it includes
  std::vector<std::string> files;  ///< that it was made of
};

/// Nothing where the source has errors, which are on standard error then.
std::optional<CompiledSource> compile(const std::string& input, const MetalOptions& options);

}  // namespace anvil::tools
