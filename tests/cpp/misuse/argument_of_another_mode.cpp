// A tensor of another storage mode in an argument struct.
// rejected: 'AcceptedMode<Shared, Private>' evaluated to false
#include "foundry/kernel/arguments.hpp"

using namespace foundry;

struct Attend {
  In<f16, Private> cache;
};
Attend make(const Tensor<f16, Pooled, Private>& device, const Tensor<f16, Pooled, Shared>& host) {
  (void)device, (void)host;
#ifdef FOUNDRY_MISUSE
  return Attend{host};
}
#else
  return Attend{device};
}
#endif
