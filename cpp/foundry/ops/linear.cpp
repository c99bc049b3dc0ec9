#include "foundry/ops/linear.hpp"

namespace foundry::ops {

void Linear::encode(Encoder& encoder) const {
  lent().encode(encoder);
}

Traffic Linear::traffic() const {
  return lent().traffic();
}

LentFusedKernel Linear::lent() const {
  static const std::string& name = intern("linear");
  LentFusedKernel kernel{.name = &name,
                         .label = "Linear",
                         .x = &x,
                         .prologue = pointer_to(prologue),
                         .scratch = &scratch};
  kernel.products.push_back({.weights = &weights, .y = &y, .epilogues = epilogues});
  return kernel;
}

Linear::operator MainStage() const {
  return {.name = "Linear", .product = {.weights = weights}};
}

}  // namespace foundry::ops
