#include "foundry/ops/linear.hpp"

namespace foundry::ops {

void Linear::encode(Encoder& encoder) const {
  static const std::string& name = intern("linear");
  FusedLinear kernel{&name, "Linear", x, prologue, {}, LinearForm::automatic, 0, 0};
  kernel.parts.push_back({weights, y, epilogues, {}, {}});
  kernel.encode(encoder);
}

Linear::operator MainStage() const {
  return {"Linear", weights, {}, {}, LinearForm::automatic, 0, 0, {}};
}

}  // namespace foundry::ops
