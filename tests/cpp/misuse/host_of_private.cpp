// The host reads a private tensor.
// rejected: 'Private' does not satisfy 'HostVisible'
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

float first(const Tensor<f32, Pooled, Private>& device, const Tensor<f32, Pooled, Shared>& host) {
  (void)device, (void)host;
#ifdef FOUNDRY_MISUSE
  return device.host()[0];
}
#else
  return host.host()[0];
}
#endif
