// A field that FOUNDRY_KERNEL does not name would reach no kernel.
// rejected: FOUNDRY_KERNEL lists every field of ScaledAdd, each once, and this does not
#include <foundry/foundry.hpp>

using namespace foundry;

struct ScaledAdd {
  In<f16> x;
  std::optional<In<f16>> residual;
  Out<f16> y;
  float alpha = 1.0f;
  static constexpr auto source = msl("y[gid] = alpha * x[gid];");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
#ifdef FOUNDRY_MISUSE
FOUNDRY_KERNEL(ScaledAdd, x, y, alpha);
#else
FOUNDRY_KERNEL(ScaledAdd, x, residual, y, alpha);
#endif
