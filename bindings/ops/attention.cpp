// Attention, its cache and its positions.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_attention(nb::module_& m) {
  bind_operations(m, ops::AttentionOperations());
  m.attr("MAX_ATTENTION_SPLITS") = ops::kMaxAttentionSplits;
  m.def("attention_scratch", &ops::attention_scratch, nb::arg("tokens"), nb::arg("heads"),
        nb::arg("head_dim"), nb::arg("splits") = ops::kMaxAttentionSplits,
        "Elements of f32 scratch with which Attention can split a context into so many parts.");
}

}  // namespace foundry::python
