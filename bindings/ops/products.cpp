// Matrix products, with stages before and after them.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_products(nb::module_& m) {
  bind_operations(m, ops::ProductOperations());
  m.def("linear_scratch", &linear_scratch, nb::arg("tokens"), nb::arg("columns"),
        "Elements of bf16 scratch with which products of so many tokens may run on a processor's "
        "matrix units.");
}

}  // namespace foundry::python
