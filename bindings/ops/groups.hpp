// The groups of operations, each with a file of its own: what foundry/ops/ops.hpp lists.
#pragma once

#include "module.hpp"

namespace foundry::python {

void bind_operation_base(nb::module_&);
void bind_products(nb::module_&);
void bind_experts(nb::module_&);
void bind_attention(nb::module_&);
void bind_recurrences(nb::module_&);
void bind_rows(nb::module_&);
void bind_elements(nb::module_&);
void bind_tokens(nb::module_&);
void bind_stages(nb::module_&);
void bind_fused_kernel(nb::module_&);

/// describe_operations(): every operation's description as Python's values.
void bind_descriptions(nb::module_&);

}  // namespace foundry::python
