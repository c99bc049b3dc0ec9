#include "foundry/ops/gemm.hpp"

namespace foundry::ops {

void Gemm::encode(Encoder& encoder) const {
  static const std::string& name = intern("gemm");
  FusedLinear kernel{&name, "Gemm", x, prologue, {}, LinearForm::gemm, 0, 0};
  kernel.parts.push_back({weights, y, epilogues, {}, {}});
  kernel.encode(encoder);
}

Gemm::operator MainStage() const {
  return {"Gemm", weights, {}, {}, LinearForm::gemm, 0, 0, {}};
}

}  // namespace foundry::ops
