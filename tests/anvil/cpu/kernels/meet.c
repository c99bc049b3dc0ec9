/* Adds one to buffer 0 and waits until it has buffer 1's value, for seconds: both of two dispatches
   get there only if they run at one time. Buffer 2 gets what it saw last. */
#include "common.h"

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
  uint32_t* arrived = tg->dispatch->buffers[0];
  const uint32_t* expected = tg->dispatch->buffers[1];
  uint32_t* seen = tg->dispatch->buffers[2];
  (void)simdgroup;
  __atomic_add_fetch(arrived, 1, __ATOMIC_SEQ_CST);
  for (uint64_t i = 0; i < 1000000000; ++i)
    if ((*seen = __atomic_load_n(arrived, __ATOMIC_SEQ_CST)) >= *expected) return;
}
