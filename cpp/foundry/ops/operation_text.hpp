// Operations as text: what one was made of, and the documentation of its arguments.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "foundry/core/concat.hpp"
#include "foundry/core/value_text.hpp"
#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/parameter.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/number.hpp"

namespace foundry::ops {

// Each as Python writes it; empty where there is nothing.
[[nodiscard]] std::string argument_text(const AnyTensor& tensor);
[[nodiscard]] std::string argument_text(const Number& number);
[[nodiscard]] std::string argument_text(const Stage& stage);
[[nodiscard]] std::string argument_text(const std::optional<Stage>& stage);
[[nodiscard]] std::string argument_text(const std::vector<Stage>& stages);
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] std::string argument_text(T value) {
  return value_text(value);
}
template <class T>
[[nodiscard]] std::string argument_text(const Scalar<T>& scalar) {
  return scalar.parameter() ? to_string(*scalar.parameter()) : value_text(scalar.value());
}
template <class T>
  requires std::is_enum_v<T>
[[nodiscard]] std::string argument_text(T value) {
  for (const Choice<T>& choice : kChoices<T>.all) {
    if (choice.value == value) return choice.name;
  }
  return {};
}

/// "Softmax(x=scores (3, 7) f32, y=scores (3, 7) f32, scale=0.5)": its name and the arguments that
/// it was given. What was left out, and what stands at its default, is not shown.
template <Described Op>
[[nodiscard]] std::string to_string(const Op& op) {
  std::string text;
  for_each_field<Op>([&](const auto& field) {
    const std::string value = argument_text(field.of(op));
    if (value.empty() || value == argument_text(field.of(defaults_of<Op>()))) return;
    text += concat(text.empty() ? "" : ", ", field.name, "=", value);
  });
  return concat(kName<Op>, "(", text, ")");
}

/// What may be said of an argument without its operation's type.
struct FieldText {
  const char* name;
  const char* documentation;
  Role role;
  Elements elements;
  Presence presence;
  std::array<const char*, 2> in_place;
};
template <auto... kPath>
[[nodiscard]] constexpr FieldText text_of(const Field<kPath...>& field) {
  return {field.name,     field.documentation, field.role,
          field.elements, field.presence,      field.in_place};
}
/// "y: x's size; f32, f16 or bf16. It may be x or mask.", "mask: optional; (columns,); ..."
[[nodiscard]] std::string documentation_of(const FieldText& field);

/// The description's text, and a line for each argument.
template <Described Op>
[[nodiscard]] std::string documentation_of() {
  std::string text = Op::description.documentation;
  if (Op::description.kCount > 0) text += "\n";
  for_each_field<Op>([&](const auto& field) { text += "\n" + documentation_of(text_of(field)); });
  return text;
}

}  // namespace foundry::ops
