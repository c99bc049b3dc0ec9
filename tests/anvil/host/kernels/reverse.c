/* Reverses each threadgroup's part of buffer 0 through threadgroup memory. */
#include "anvil/abi/kernel_abi.h"

__attribute__((visibility("default"))) void anvil_entry(struct AnvilThreadgroup* tg,
                                                        uint32_t simdgroup) {
  uint32_t* values = tg->dispatch->buffers[0];
  uint32_t* scratch = tg->threadgroup_memory[1];
  const uint32_t count = tg->threads[0];
  const uint32_t start = tg->position[0] * tg->dispatch->threads_per_threadgroup[0];
  for (uint32_t lane = 0; lane < ANVIL_SIMD_WIDTH; ++lane) {
    const uint32_t thread = simdgroup * ANVIL_SIMD_WIDTH + lane;
    if (thread < count) scratch[count - 1 - thread] = values[start + thread];
  }
  tg->barrier(tg);
  for (uint32_t lane = 0; lane < ANVIL_SIMD_WIDTH; ++lane) {
    const uint32_t thread = simdgroup * ANVIL_SIMD_WIDTH + lane;
    if (thread < count) values[start + thread] = scratch[thread];
  }
}
