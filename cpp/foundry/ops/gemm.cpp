#include "foundry/ops/gemm.hpp"

namespace foundry::ops {

void Gemm::encode(Encoder& encoder) const {
  lent().encode(encoder);
}

Traffic Gemm::traffic() const {
  return lent().traffic();
}

LentFusedKernel Gemm::lent() const {
  static const std::string& name = intern("gemm");
  LentFusedKernel kernel{.name = &name,
                         .label = "Gemm",
                         .x = &x,
                         .prologue = pointer_to(prologue),
                         .options = {.form = form},
                         .scratch = &scratch};
  kernel.products.push_back({.weights = &weights, .y = &y, .epilogues = epilogues});
  return kernel;
}

Gemm::operator MainStage() const {
  return {.name = "Gemm", .product = {.weights = weights}, .options = {.form = form}};
}

}  // namespace foundry::ops
