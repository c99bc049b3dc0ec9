#include "anvil/metal/report.hpp"

#include <cstdio>

namespace anvil::metal {

void report(const std::string& text) {
  std::fprintf(stderr, "anvil: %s\n", text.c_str());
}

}  // namespace anvil::metal
