// Builds message text from values: the one string builder behind every error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <sstream>
#include <string>

namespace foundry {

namespace detail {

/// A value and how it is printed, its type forgotten: a call of concat() is a list of these, and
/// the code that builds the text is there once.
struct Printed {
  const void* value;
  void (*print)(std::ostream& out, const void* value);
};

template <class T>
[[nodiscard]] Printed printed(const T& value) {
  return {&value, [](std::ostream& out, const void* same) { out << *static_cast<const T*>(same); }};
}
void print_text(std::ostream& out, const void* text);
template <std::size_t N>
[[nodiscard]] Printed printed(const char (&text)[N]) {
  return {text, &print_text};
}

[[nodiscard]] std::string joined(std::initializer_list<Printed> parts);

}  // namespace detail

/// The operands' text, one after the other, as `std::ostream` prints them in the C locale.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  return detail::joined({detail::printed(parts)...});
}

/// A byte count as people read it: "512 B", "448.0 MiB", "2.0 GiB" (binary units, one decimal).
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace foundry
