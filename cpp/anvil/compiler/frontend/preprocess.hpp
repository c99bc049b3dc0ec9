// preprocess.hpp: expands macros and conditionals of MSL source.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "anvil/compiler/source/source.hpp"

namespace anvil::compiler {

/// What a source is expanded with.
struct Expansion {
  std::vector<std::pair<std::string, std::string>> defines;  ///< name, value
  std::string standard;                                      ///< metal3.1, say
  std::string math;  ///< the mode, of which the program sees whether it is the fast one
};

// Both give nothing, after messages on stderr, for source that cannot be preprocessed. Metal's own
// headers contribute only their macros here: the declarations are precompiled.

/// Expands `original`. Every token stays on its line and, where expansion leaves room, at its
/// column.
std::optional<Source> preprocess(std::string name, std::string original,
                                 const Expansion& expansion);

struct Flattened {
  std::string text;                ///< its lines say by #line where they come from
  std::vector<std::string> files;  ///< that are in it
};

/// Expands a file of the machine's with what it includes: from beside the including file, and from
/// `folders`. The text needs no other file. Of `text`, where there is one, `name` is only the name.
std::optional<Flattened> flatten(const std::string& name, const std::optional<std::string>& text,
                                 const Expansion& expansion,
                                 const std::vector<std::string>& folders);

}  // namespace anvil::compiler
