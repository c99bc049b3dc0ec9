#include "foundry/ops/gemv.hpp"

namespace foundry::ops {

void Gemv::encode(Encoder& encoder) const {
  view().encode(encoder);
}

Traffic Gemv::traffic() const {
  return view().traffic();
}

FusedKernelView Gemv::view() const {
  static const std::string& name = intern("gemv");
  FusedKernelView view = one_product(name, "Gemv", x, prologue,
                                     {&weights, &y, epilogues, nullptr, nullptr}, LinearForm::gemv);
  view.rows_per_simdgroup = rows_per_simdgroup;
  view.simdgroups = simdgroups;
  return view;
}

Gemv::operator MainStage() const {
  return {"Gemv", weights, {}, {}, LinearForm::gemv, rows_per_simdgroup, simdgroups, {}};
}

}  // namespace foundry::ops
