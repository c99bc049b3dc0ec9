// What no kernel can take.
// rejected: a field of a kernel struct is an In, Out or InOut
#include <foundry/foundry.hpp>

using namespace foundry;

struct Add {
#ifdef FOUNDRY_MISUSE
  const float* x = nullptr;
#else
  In<f32> x;
#endif
  static constexpr auto source = msl("");
  DispatchConfig dispatch_config() const { return per_element(1); }
};
FOUNDRY_KERNEL(Add, x);

void use() {
  (void)describe_kernel(Add{});
}
