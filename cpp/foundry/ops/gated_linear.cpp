#include "foundry/ops/gated_linear.hpp"

namespace foundry::ops {

void GatedLinear::encode(Encoder& encoder) const {
  lent().encode(encoder);
}

Traffic GatedLinear::traffic() const {
  return lent().traffic();
}

LentFusedKernel GatedLinear::lent() const {
  static const std::string& name = intern("gated_linear");
  LentFusedKernel kernel{.name = &name,
                         .label = "GatedLinear",
                         .x = &x,
                         .prologue = pointer_to(prologue),
                         .scratch = &scratch};
  kernel.products.push_back({.weights = &up,
                             .y = &y,
                             .epilogues = epilogues,
                             .gate = &gate,
                             .activation = &activation,
                             .gate_bias = &gate_bias,
                             .up_bias = &up_bias});
  return kernel;
}

GatedLinear::operator MainStage() const {
  return {.name = "GatedLinear",
          .product = {.weights = up,
                      .gate = gate,
                      .activation = activation,
                      .gate_bias = gate_bias,
                      .up_bias = up_bias}};
}

}  // namespace foundry::ops
