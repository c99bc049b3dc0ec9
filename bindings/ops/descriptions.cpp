// The operations' descriptions as Python's values, for documentation and tests.
#include <nanobind/stl/string.h>

#include <concepts>

#include "foundry/ops/operands.hpp"
#include "foundry/ops/ops.hpp"
#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {
namespace {

const char* name_of_role(ops::Role role) {
  switch (role) {
    case ops::Role::setting:
      return "setting";
    case ops::Role::read:
      return "read";
    case ops::Role::write:
      return "write";
    case ops::Role::read_write:
      return "read_write";
  }
  return "";
}

template <class Field>
nb::dict argument_of(const Field& field) {
  nb::dict argument;
  argument["role"] = name_of_role(field.role);
  argument["is_tensor"] = std::same_as<typename Field::Type, AnyTensor>;
  argument["is_required"] = is_required(field);
  nb::list in_place;
  for (const char* input : field.in_place) {
    if (input) in_place.append(input);
  }
  argument["in_place"] = in_place;
  argument["documentation"] = ops::documentation_of(ops::text_of(field));
  return argument;
}

template <class Op>
void describe(nb::dict& operations) {
  nb::dict arguments;
  ops::for_each_field<Op>([&](const auto& field) { arguments[field.name] = argument_of(field); });
  nb::dict operation;
  operation["documentation"] = Op::description.documentation;
  operation["arguments"] = arguments;
  operation["runs"] = OperationOf<Op>::kRuns;
  operation["is_stage"] = std::convertible_to<const Op&, Stage>;
  operations[ops::kName<Op>] = operation;
}

template <class... Ops>
nb::dict describe_all(ops::OperationList<Ops...>) {
  nb::dict operations;
  (describe<Ops>(operations), ...);
  return operations;
}

}  // namespace

void bind_descriptions(nb::module_& m) {
  m.def(
      "describe_operations", [] { return describe_all(ops::AllOperations()); },
      nb::sig("def describe_operations() -> dict[str, dict[str, typing.Any]]"),
      "Every operation by its name: documentation, whether it runs by itself and is a stage, and "
      "its arguments with role, in-place rules and documentation.");
}

}  // namespace foundry::python
