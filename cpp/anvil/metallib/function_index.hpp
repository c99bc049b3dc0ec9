// function_index.hpp: what a library tells of its functions, whoever wrote it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace anvil::metallib {

/// As Apple's containers number them.
enum class FunctionKind : uint8_t {
  vertex,
  fragment,
  kernel,
  unqualified,
  visible,
  external,
  intersection,
  mesh,
  object,
};
inline constexpr uint8_t kFunctionKinds = 9;

/// "kernel", "vertex", ...
const char* name_of(FunctionKind kind);

/// Positions of `functions`, which have a `name`, in the order of the names.
template <class Functions>
std::vector<uint32_t> order_by_name(const Functions& functions) {
  std::vector<uint32_t> order(functions.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, std::less<>(), [&](uint32_t i) { return functions[i].name; });
  return order;
}

/// Null if no name is there twice.
template <class Functions>
auto* first_repeated(const Functions& functions, const std::vector<uint32_t>& order) {
  const auto twice = std::ranges::adjacent_find(order, std::equal_to<>(),
                                                [&](uint32_t i) { return functions[i].name; });
  return twice == order.end() ? nullptr : &functions[*twice];
}

/// Null if there is none of that name.
template <class Functions>
auto* find_by_name(const Functions& functions, const std::vector<uint32_t>& order,
                   std::string_view name) {
  const auto name_at = [&](uint32_t i) { return functions[i].name; };
  const auto found = std::ranges::lower_bound(order, name, std::less<>(), name_at);
  return found == order.end() || name_at(*found) != name ? nullptr : &functions[*found];
}

}  // namespace anvil::metallib
