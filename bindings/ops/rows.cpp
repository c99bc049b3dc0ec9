// Operations on rows: norms and softmax.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_rows(nb::module_& m) {
  bind_operations(m, ops::RowOperations());
}

}  // namespace foundry::python
