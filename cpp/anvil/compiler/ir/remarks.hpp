// remarks.hpp: what the compiler has to say about code that it takes.
#pragma once

#include <string>
#include <vector>

namespace anvil::compiler {

/// About the user's code, with the place that it is about.
struct Remark {
  enum class Kind {
    serialised,  ///< what has no vector form here runs in a loop over the active lanes
    scalarised,  ///< all lanes' part is done one after the other, without a loop
    failure,     ///< an internal error: the module must not be used
  };
  Kind kind;
  std::string message;
  std::string file;  ///< empty when the instruction carries no debug location
  unsigned line = 0;
};
using Remarks = std::vector<Remark>;

}  // namespace anvil::compiler
