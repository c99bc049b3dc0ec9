// Matrix products, with stages before and after them.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_products(nb::module_& m) {
  bind_operations(m, ops::ProductOperations());
}

}  // namespace foundry::python
