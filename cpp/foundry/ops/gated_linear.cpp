#include "foundry/ops/gated_linear.hpp"

namespace foundry::ops {

void GatedLinear::encode(Encoder& encoder) const {
  static const std::string& name = intern("gated_linear");
  FusedLinear kernel{&name, "GatedLinear", x, prologue, {}, LinearForm::automatic, 0, 0};
  kernel.parts.push_back({up, y, epilogues, gate, activation});
  kernel.encode(encoder);
}

GatedLinear::operator MainStage() const {
  return {"GatedLinear", up, gate, activation, LinearForm::automatic, 0, 0, {}};
}

}  // namespace foundry::ops
