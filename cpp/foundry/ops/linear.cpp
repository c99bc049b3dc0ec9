#include "foundry/ops/linear.hpp"

namespace foundry::ops {

void Linear::encode(Encoder& encoder) const {
  view().encode(encoder);
}

Traffic Linear::traffic() const {
  return view().traffic();
}

FusedKernelView Linear::view() const {
  static const std::string& name = intern("linear");
  return one_product(name, "Linear", x, prologue, {&weights, &y, epilogues, nullptr, nullptr});
}

Linear::operator MainStage() const {
  return {"Linear", weights, {}, {}, LinearForm::automatic, 0, 0, {}};
}

}  // namespace foundry::ops
