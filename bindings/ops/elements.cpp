// Operations that make, move, convert and combine elements.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_elements(nb::module_& m) {
  bind_operations(m, ops::ElementOperations());
}

}  // namespace foundry::python
