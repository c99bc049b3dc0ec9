/* Buffer 0 [thread] = 1/3 and a subnormal product, as the floating-point environment makes them. */
#include "common.h"

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
  float* out = tg->dispatch->buffers[0];
  volatile float one = 1.0f, three = 3.0f, tiny = 0x1p-126f, half = 0.5f;
  FOR_EACH_LANE(lane) {
    const uint64_t at = 2 * linear_in_grid(tg, simdgroup * ANVIL_SIMD_WIDTH + lane);
    out[at] = one / three;
    out[at + 1] = tiny * half;
  }
}
