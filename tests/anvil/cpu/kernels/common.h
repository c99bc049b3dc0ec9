/* common.h: what hand-written kernels share: the loop over the lanes of a simdgroup, and positions.
 */
#pragma once

#include "anvil/abi/kernel_abi.h"

#define ENTRY __attribute__((visibility("default"))) void anvil_entry
#define FOR_EACH_LANE(lane) for (uint32_t lane = 0; lane < ANVIL_SIMD_WIDTH; ++lane)

static inline uint32_t threads_in(const struct AnvilThreadgroup* tg) {
  return tg->threads[0] * tg->threads[1] * tg->threads[2];
}

/* thread_position_in_grid of thread number `index` of the threadgroup. */
static inline void position_in_grid(const struct AnvilThreadgroup* tg, uint32_t index,
                                    uint32_t position[3]) {
  const uint32_t* size = tg->dispatch->threads_per_threadgroup;
  position[0] = tg->position[0] * size[0] + index % tg->threads[0];
  position[1] = tg->position[1] * size[1] + index / tg->threads[0] % tg->threads[1];
  position[2] = tg->position[2] * size[2] + index / tg->threads[0] / tg->threads[1];
}

static inline uint64_t linear_in_grid(const struct AnvilThreadgroup* tg, uint32_t index) {
  const uint32_t* grid = tg->dispatch->threads_per_grid;
  uint32_t p[3];
  position_in_grid(tg, index, p);
  return p[0] + (uint64_t)grid[0] * (p[1] + (uint64_t)grid[1] * p[2]);
}
