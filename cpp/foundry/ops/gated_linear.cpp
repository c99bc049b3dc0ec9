#include "foundry/ops/gated_linear.hpp"

namespace foundry::ops {

void GatedLinear::encode(Encoder& encoder) const {
  view().encode(encoder);
}

Traffic GatedLinear::traffic() const {
  return view().traffic();
}

FusedKernelView GatedLinear::view() const {
  static const std::string& name = intern("gated_linear");
  return one_product(name, "GatedLinear", x, prologue, {&up, &y, epilogues, &gate, &activation});
}

GatedLinear::operator MainStage() const {
  return {"GatedLinear", up, gate, activation, LinearForm::automatic, 0, 0, {}};
}

}  // namespace foundry::ops
