#include "foundry/ops/gemv.hpp"

namespace foundry::ops {

void Gemv::encode(Encoder& encoder) const {
  static const std::string& name = intern("gemv");
  FusedLinear kernel{&name,     "Gemv", x, prologue, {}, LinearForm::gemv, rows_per_simdgroup,
                     simdgroups};
  kernel.parts.push_back({weights, y, epilogues, {}, {}});
  kernel.encode(encoder);
}

Gemv::operator MainStage() const {
  return {"Gemv", weights, {}, {}, LinearForm::gemv, rows_per_simdgroup, simdgroups, {}};
}

}  // namespace foundry::ops
