// The repr of an operation: its name and the arguments it was made with, in Python's words.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/parameter.hpp"
#include "foundry/ops/number.hpp"
#include "operation.hpp"
#include "tensor.hpp"

namespace foundry::python {

inline std::string argument_text(const AnyTensor& tensor) {
  return tensor ? tensor.describe() : std::string();
}
inline std::string argument_text(bool value) {
  return value ? "True" : "False";
}
template <std::integral T>
std::string argument_text(T value) {
  return std::to_string(value);
}
template <std::floating_point T>
std::string argument_text(T value) {
  // As the float32 or float64 that it is: 0.1, not 0.10000000149011612.
  const char* type = sizeof(T) == sizeof(float) ? "float32" : "float64";
  return text_of(nb::module_::import_("numpy").attr(type)(static_cast<double>(value)));
}
template <class T>
  requires std::is_enum_v<T>
std::string argument_text(T value) {
  return text_of(nb::cast(value).attr("name"));
}
inline std::string argument_text(const ops::Number& number) {
  return std::visit([](auto value) { return argument_text(value); }, number.value);
}
template <class T>
std::string argument_text(const Scalar<T>& scalar) {
  return scalar.parameter() ? to_string(*scalar.parameter()) : argument_text(scalar.value());
}
inline std::string argument_text(const Stage& stage) {
  if (!stage.type) return {};
  return concat(stage.type->name, stage.tensor ? concat("(", stage.tensor.describe(), ")") : "()");
}
template <class T>
std::string argument_text(const std::optional<T>& value) {
  return value ? argument_text(*value) : std::string();
}
inline std::string argument_text(const std::vector<Stage>& stages) {
  std::string text;
  for (const Stage& stage : stages) text += concat(text.empty() ? "" : ", ", argument_text(stage));
  return stages.size() > 1 ? concat("[", text, "]") : text;
}

/// An argument by its name in Python: a member of the op, or a function of it.
template <class Projection>
struct ShownArgument {
  const char* name;
  Projection projection;
};

template <class Op, class... Projections>
std::string operation_text(const char* name, const Op& op,
                           const ShownArgument<Projections>&... arguments) {
  static const Op defaults{};
  std::string text;
  const auto put = [&](const auto& argument) {
    const std::string value = argument_text(std::invoke(argument.projection, op));
    // What was left out, and what stands at its default, is not shown.
    if (value.empty() || value == argument_text(std::invoke(argument.projection, defaults))) return;
    text += concat(text.empty() ? "" : ", ", argument.name, "=", value);
  };
  (put(arguments), ...);
  return concat(name, "(", text, ")");
}

template <class Projection>
ShownArgument<Projection> shown(const char* name, Projection projection) {
  return {name, projection};
}

/// `.def("__repr__", repr_of<Op>(shown("x", &Op::x), ...))`.
template <class Op, class... Projections>
auto repr_of(ShownArgument<Projections>... arguments) {
  return [=](const OperationOf<Op>& o) { return operation_text(o.name(), o.op(), arguments...); };
}

}  // namespace foundry::python
