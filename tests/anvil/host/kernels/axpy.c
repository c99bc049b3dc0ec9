/* y[i] += a * x[i] for i < n. */
#include "anvil/abi/kernel_abi.h"

struct Params {
  uint32_t n;
  float a;
};

__attribute__((visibility("default"))) void anvil_entry(struct AnvilThreadgroup* tg,
                                                        uint32_t simdgroup) {
  const float* x = tg->dispatch->buffers[0];
  float* y = tg->dispatch->buffers[1];
  const struct Params* params = tg->dispatch->buffers[2];
  for (uint32_t lane = 0; lane < ANVIL_SIMD_WIDTH; ++lane) {
    const uint32_t thread = simdgroup * ANVIL_SIMD_WIDTH + lane;
    if (thread >= tg->threads[0]) return;
    const uint32_t i = tg->position[0] * tg->dispatch->threads_per_threadgroup[0] + thread;
    if (i < params->n) y[i] += params->a * x[i];
  }
}
