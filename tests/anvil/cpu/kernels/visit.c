/* Each thread adds VARIANT (1 full, 2 any) to its own element of buffer 0, whatever the grid. */
#include "common.h"

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
  uint32_t* visits = tg->dispatch->buffers[0];
  FOR_EACH_LANE(lane) {
    const uint32_t index = simdgroup * ANVIL_SIMD_WIDTH + lane;
    if (index >= threads_in(tg)) return;
    visits[linear_in_grid(tg, index)] += VARIANT;
  }
}
