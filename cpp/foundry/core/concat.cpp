#include "foundry/core/concat.hpp"

#include <array>
#include <iomanip>
#include <locale>

namespace foundry {

namespace detail {

void print_text(std::ostream& out, const void* text) {
  out << static_cast<const char*>(text);
}

std::string joined(std::initializer_list<Printed> parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  for (const Printed& part : parts) part.print(out, part.value);
  return out.str();
}

}  // namespace detail

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would print as "1024.0": it belongs to the next unit.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::ostringstream number;
  number.imbue(std::locale::classic());
  number << std::fixed << std::setprecision(1) << value;
  return number.str() + ' ' + kUnits[unit];
}

}  // namespace foundry
