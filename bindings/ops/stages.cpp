// What is a stage of a fused kernel only.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_stages(nb::module_& m) {
  bind_operations(m, ops::StageOperations());
}

}  // namespace foundry::python
