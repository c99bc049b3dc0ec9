// What an operation's description says of its tensors, applied: checks, in-place rules, traffic.
#pragma once

#include <concepts>
#include <string_view>

#include "foundry/kernel/description.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

using foundry::allow_in_place;
using foundry::traffic_of;

/// "Softmax: x is missing", "Softmax: x takes f32, f16 or bf16, got ...": ArgumentError,
/// DTypeError.
void require_elements(std::string_view op, std::string_view what, const AnyTensor& tensor,
                      Elements elements);

/// Calls visit(field, tensor) for each argument that is a tensor.
template <Described Op, class Visit>
void for_each_operand(const Op& op, const Visit& visit) {
  for_each_field<Op>([&]<class Field>(const Field& field) {
    if constexpr (std::same_as<typename Field::Type, AnyTensor>) visit(field, field.of(op));
  });
}

/// All tensors are there, but for optional ones, and of element types that the description allows.
template <Described Op>
void require_operands(const Op& op) {
  for_each_operand(op, [](const auto& field, const AnyTensor& tensor) {
    if (field.presence == Presence::optional && !tensor) return;
    require_elements(kName<Op>, field.name, tensor, field.elements);
  });
}

/// Of an operation that reads and writes whole tensors.
template <Described Op>
[[nodiscard]] Traffic traffic_of(const Op& op) {
  Traffic traffic;
  for_each_operand(op, [&](const auto& field, const AnyTensor& tensor) {
    if (field.role != Role::write) traffic.reads += bytes_of(tensor);
    if (field.role != Role::read) traffic.writes += bytes_of(tensor);
  });
  return traffic;
}

/// The description's in-place rules, for a kernel whose arguments are called as the operation's.
template <Described Op>
void allow_in_place(KernelDescription& kernel) {
  for_each_field<Op>([&](const auto& field) {
    for (const char* input : field.in_place) {
      if (input) foundry::allow_in_place(kernel, field.name, input);
    }
  });
}

}  // namespace foundry::ops
