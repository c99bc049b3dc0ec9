#include "foundry/core/value_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace foundry {
namespace {

template <class T>
std::string float_text(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> characters{};  // the longest: "-2.2250738585072014e-308"
  const char* const end = std::to_chars(characters.data(), characters.data() + characters.size(),
                                        value, std::chars_format::scientific)
                              .ptr;
  const std::string_view scientific(characters.data(), end);
  const std::size_t mark = scientific.find('e');
  int exponent = 0;
  const std::size_t sign = scientific[mark + 1] == '+' ? 2 : 1;  // from_chars takes no plus
  std::from_chars(characters.data() + mark + sign, end, exponent);
  // Python's repr and numpy's str take an exponent below -4 and from 16 on.
  if (exponent < -4 || exponent >= 16) return std::string(scientific);

  // The shortest digits with the point in its place: 1e15f is "1000000000000000.0".
  std::string digits;
  for (const char c : scientific.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  if (exponent < 0) digits.insert(0, static_cast<std::size_t>(-exponent), '0');
  const std::size_t whole = exponent < 0 ? 1 : static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) digits.resize(whole + 1, '0');
  return (std::signbit(value) ? "-" : "") + digits.insert(whole, 1, '.');
}

}  // namespace

std::string value_text(float value) {
  return float_text(value);
}
std::string value_text(double value) {
  return float_text(value);
}

}  // namespace foundry
