// One name too many hides one too few.
// rejected: FOUNDRY_KERNEL lists every field of Add, each once, and this does not
#include <foundry/foundry.hpp>

using namespace foundry;

struct Add {
  In<f16> x;
  Out<f16> y;
  static constexpr auto source = msl("y[gid] = x[gid];");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
#ifdef FOUNDRY_MISUSE
FOUNDRY_KERNEL(Add, x, x);
#else
FOUNDRY_KERNEL(Add, y, x);
#endif
