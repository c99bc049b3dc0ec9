// Binds an operation by its description (foundry/ops/description.hpp): a class with keyword
// arguments, their documentation, and its text.
#pragma once

#include <nanobind/stl/string.h>

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "foundry/core/concat.hpp"
#include "operation.hpp"
#include "ops/from_python.hpp"

namespace foundry::python {

template <class Op, std::size_t kIndex>
using FieldAt = std::tuple_element_t<kIndex, decltype(Op::description.fields)>;
template <class Op, std::size_t kIndex>
using FromPythonAt = FromPython<typename FieldAt<Op, kIndex>::Type>;

template <class Field>
[[nodiscard]] constexpr bool is_required(const Field& field) {
  return field.presence == ops::Presence::required;
}

/// "def __init__(self, x: Tensor, *, start: int | Parameter = 0) -> None".
template <ops::Described Op>
std::string signature_of() {
  std::string text = "def __init__(self";
  std::size_t index = 0;
  ops::for_each_field<Op>([&]<class Field>(const Field& field) {
    using Type = FromPython<typename Field::Type>;
    if (index++ == Op::description.by_position) text += ", *";
    text += concat(", ", field.name, ": ", Type::annotation(is_required(field)));
    const std::string value =
        Type::default_text(field.of(ops::defaults_of<Op>()), is_required(field));
    if (!value.empty()) text += " = " + value;
  });
  return text + ") -> None";
}

/// nanobind's description of the argument, after the `*` that stands before it, if one does.
template <class Op, std::size_t kIndex>
auto argument_of() {
  constexpr const auto& field = std::get<kIndex>(Op::description.fields);
  nb::object value = FromPythonAt<Op, kIndex>::default_of(field.of(ops::defaults_of<Op>()));
  auto argument = [&] {
    if constexpr (FromPythonAt<Op, kIndex>::kTakesNone) {
      return nb::arg(field.name).none() = std::move(value);
    } else {
      return nb::arg(field.name) = std::move(value);
    }
  }();
  if constexpr (kIndex == Op::description.by_position) {
    return std::tuple(nb::kw_only(), std::move(argument));
  } else {
    return std::tuple(std::move(argument));
  }
}

template <class Op>
void bind_constructor(nb::class_<OperationOf<Op>, Operation>& type) {
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
    const auto construct = [](OperationOf<Op>* self,
                              typename FromPythonAt<Op, kIndex>::Given... given) {
      [[maybe_unused]] const Take take(ops::kName<Op>);
      Op op{};
      (FromPythonAt<Op, kIndex>::set(FieldAt<Op, kIndex>::of(op), given, take,
                                     std::get<kIndex>(Op::description.fields).name,
                                     is_required(std::get<kIndex>(Op::description.fields))),
       ...);
      new (self) OperationOf<Op>(std::move(op));
    };
    const std::string signature = signature_of<Op>();
    std::apply(
        [&](auto&&... arguments) {
          type.def("__init__", construct, std::move(arguments)..., nb::sig(signature.c_str()));
        },
        std::tuple_cat(argument_of<Op, kIndex>()...));
  }(std::make_index_sequence<Op::description.kCount>());
}

/// A number that may be a Parameter can be read and given anew.
template <class Op, auto... kPath, class T>
void bind_property(nb::class_<OperationOf<Op>, Operation>& type, const ops::Field<kPath...>& field,
                   const Scalar<T>&) {
  type.def_prop_rw(
      field.name,
      [](const OperationOf<Op>& o) { return to_python(ops::Field<kPath...>::of(o.op())); },
      [name = field.name](OperationOf<Op>& o, nb::handle value) {
        ops::Field<kPath...>::of(o.op()) = to_scalar<T>(ops::kName<Op>, value, name);
      },
      nb::for_getter(nb::sig(concat("def ", field.name, "(self) -> int | Parameter").c_str())),
      nb::for_setter(
          nb::sig(concat("def ", field.name, "(self, value: int | Parameter, /) -> None").c_str())),
      field.documentation);
}
template <class Op, class Field, class T>
void bind_property(nb::class_<OperationOf<Op>, Operation>&, const Field&, const T&) {}

template <class Enum>
  requires std::is_enum_v<Enum>
void bind_choices(nb::module_& m) {
  if (nb::type<Enum>().is_valid()) return;
  nb::enum_<Enum> type(m, ops::kName<Enum>, ops::kChoices<Enum>.documentation);
  for (const auto& choice : ops::kChoices<Enum>.all) {
    type.value(choice.name, choice.value, choice.documentation);
  }
}
template <class T>
void bind_choices(nb::module_&) {}

template <ops::Described Op>
void bind_operation(nb::module_& m) {
  ops::for_each_field<Op>(
      [&]<class Field>(const Field&) { bind_choices<typename Field::Type>(m); });
  const std::string documentation = ops::documentation_of<Op>();
  nb::class_<OperationOf<Op>, Operation> type(m, ops::kName<Op>, documentation.c_str());
  bind_constructor<Op>(type);
  type.def("__repr__", [](const OperationOf<Op>& o) { return ops::to_string(o.op()); });
  ops::for_each_field<Op>(
      [&](const auto& field) { bind_property(type, field, field.of(ops::defaults_of<Op>())); });
}

template <class... Ops>
void bind_operations(nb::module_& m, ops::OperationList<Ops...>) {
  (bind_operation<Ops>(m), ...);
}

}  // namespace foundry::python
