#include "foundry/ops/gemm.hpp"

namespace foundry::ops {

void Gemm::encode(Encoder& encoder) const {
  view().encode(encoder);
}

Traffic Gemm::traffic() const {
  return view().traffic();
}

FusedKernelView Gemm::view() const {
  static const std::string& name = intern("gemm");
  return one_product(name, "Gemm", x, prologue, {&weights, &y, epilogues, nullptr, nullptr}, form);
}

Gemm::operator MainStage() const {
  return {"Gemm", weights, {}, {}, form, 0, 0, {}};
}

}  // namespace foundry::ops
