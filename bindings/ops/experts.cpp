// Mixtures of experts: which experts take a token, and products with their weights.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_experts(nb::module_& m) {
  bind_operations(m, ops::ExpertOperations());
  m.def("expert_groups", &ops::expert_groups, nb::arg("tokens"), nb::arg("used"),
        nb::arg("experts"), "Elements of u32 that GroupExperts writes.");
}

}  // namespace foundry::python
