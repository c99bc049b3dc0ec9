// Builds message text from values: the one string builder behind every error.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>

namespace foundry {

/// The operands' text, one after the other, as `std::ostream` prints them in the C locale.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (out << ... << parts);
  return out.str();
}

/// A byte count as people read it: "512 B", "448.0 MiB", "2.0 GiB" (binary units, one decimal).
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace foundry
