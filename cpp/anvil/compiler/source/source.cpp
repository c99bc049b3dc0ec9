#include "anvil/compiler/source/source.hpp"

namespace anvil::compiler {

std::string_view Source::original_line(uint32_t number) const {
  std::string_view rest = original;
  for (; number > 1; --number) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  std::string_view line = rest.substr(0, rest.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

LineOrigin Source::presumed(uint32_t number) const {
  LineOrigin result{number, number, name};
  for (const LineOrigin& origin : origins) {
    if (origin.line > number) break;
    result = {number, origin.presumed + (number - origin.line), origin.file};
  }
  return result;
}

}  // namespace anvil::compiler
