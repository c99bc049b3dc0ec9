/* Buffer 1 [threadgroup] = the sum of buffer 0 over the threadgroup's 32-thread rows: a tree in
   static threadgroup memory, a barrier a step. State lives across barriers in registers and on the
   stack. */
#include "common.h"

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
  const uint32_t* values = tg->dispatch->buffers[0];
  uint32_t* sums = tg->dispatch->buffers[1];
  uint32_t* partial = tg->static_memory;
  volatile uint32_t stack[1024]; /* checked at the end: no fiber shares another's stack */
  uint32_t own = 0;
  for (uint32_t i = 0; i < 1024; ++i) stack[i] = simdgroup + i;
  FOR_EACH_LANE(lane)
  own += values[linear_in_grid(tg, simdgroup * ANVIL_SIMD_WIDTH + lane)];
  partial[simdgroup] = own;
  for (uint32_t step = 1; step < tg->simdgroups; step *= 2) {
    tg->barrier(tg);
    if (simdgroup % (2 * step) == 0 && simdgroup + step < tg->simdgroups)
      partial[simdgroup] += partial[simdgroup + step];
  }
  tg->barrier(tg);
  for (uint32_t i = 0; i < 1024; ++i)
    if (stack[i] != simdgroup + i) partial[0] = 0xdead;
  if (simdgroup == 0) sums[tg->position[0]] = partial[0];
}
