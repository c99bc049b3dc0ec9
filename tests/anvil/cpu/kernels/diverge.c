/* Simdgroups of a number below buffer 0 [0] pass one barrier, the others end before it; from
   threadgroup buffer 0 [1] on. Buffer 1 [threadgroup] = 1. */
#include "common.h"

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
  const uint32_t* arguments = tg->dispatch->buffers[0];
  uint32_t* done = tg->dispatch->buffers[1];
  const int all = tg->position[0] < arguments[1];
  /* Odd ones first when bit 31 is set, so that the first simdgroup is among those that end. */
  const uint32_t number = arguments[0] >> 31 ? tg->simdgroups - 1 - simdgroup : simdgroup;
  if (all || number < (arguments[0] & 0x7fffffff)) tg->barrier(tg);
  if (simdgroup == 0) done[tg->position[0]] = 1;
}
