#include "foundry/ops/expert_gated_linear.hpp"

#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

/// Has the routing that its kernel lends.
struct GatedParts {
  ExpertRouting experts;
  LentFusedKernel kernel;

  explicit GatedParts(const ExpertGatedLinear& op)
      : experts{.ids = &op.ids, .groups = op.groups ? &op.groups : nullptr} {
    static const std::string& name = intern("expert_gated_linear");
    kernel = {.name = &name,
              .label = "ExpertGatedLinear",
              .x = &op.x,
              .prologue = pointer_to(op.prologue),
              .options = {.form = op.form},
              .experts = &experts};
    kernel.products.push_back({.weights = &op.up,
                               .y = &op.y,
                               .epilogues = op.epilogues,
                               .gate = &op.gate,
                               .activation = &op.activation,
                               .gate_bias = &op.gate_bias,
                               .up_bias = &op.up_bias});
  }
  GatedParts(const GatedParts&) = delete;
  GatedParts& operator=(const GatedParts&) = delete;
};

}  // namespace

void ExpertGatedLinear::encode(Encoder& encoder) const {
  require_operands(*this);
  GatedParts(*this).kernel.encode(encoder);
}

Traffic ExpertGatedLinear::traffic() const {
  require_operands(*this);
  return GatedParts(*this).kernel.traffic();
}

}  // namespace foundry::ops
