#include "foundry/ops/gemv.hpp"

namespace foundry::ops {

void Gemv::encode(Encoder& encoder) const {
  lent().encode(encoder);
}

Traffic Gemv::traffic() const {
  return lent().traffic();
}

LentFusedKernel Gemv::lent() const {
  static const std::string& name = intern("gemv");
  LentFusedKernel kernel{.name = &name,
                         .label = "Gemv",
                         .x = &x,
                         .prologue = pointer_to(prologue),
                         .options = {.form = LinearForm::gemv,
                                     .rows_per_simdgroup = rows_per_simdgroup,
                                     .simdgroups = simdgroups}};
  kernel.products.push_back({.weights = &weights, .y = &y, .epilogues = epilogues});
  return kernel;
}

Gemv::operator MainStage() const {
  return {.name = "Gemv",
          .product = {.weights = weights},
          .options = {.form = LinearForm::gemv,
                      .rows_per_simdgroup = rows_per_simdgroup,
                      .simdgroups = simdgroups}};
}

}  // namespace foundry::ops
