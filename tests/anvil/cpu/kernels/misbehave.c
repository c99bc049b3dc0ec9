/* Does what buffer 1 says in the lane that it names, and adds 1 to buffer 2 in every other. */
#include "common.h"

struct Order {
  uint32_t what; /* 0: nothing, 1: read, 2: write, 3: divide, 4: recurse, 5: never end, 6: a trap,
                    7: its threadgroup meets for ever, 8: fill memory by the C library */
  uint32_t lane; /* of the grid */
  uint64_t address;
};

static volatile uint32_t sink;

__attribute__((noinline)) static uint32_t recurse(uint32_t depth) {
  volatile uint32_t frame[256];
  frame[depth % 256] = depth;
  return depth == UINT32_MAX ? 0 : recurse(depth + 1) + frame[depth % 256];
}

void* memset(void*, int, __SIZE_TYPE__);

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
  const struct Order* order = tg->dispatch->buffers[1];
  uint32_t* counts = tg->dispatch->buffers[2];
  do tg->barrier(tg);
  while (order->what == 7 && tg->position[0] == order->lane / threads_in(tg));
  FOR_EACH_LANE(lane) {
    const uint32_t thread = simdgroup * ANVIL_SIMD_WIDTH + lane;
    if (thread >= threads_in(tg)) continue;
    const uint64_t at = linear_in_grid(tg, thread);
    if (at != order->lane) {
      ++counts[at];
      continue;
    }
    volatile uint32_t* memory = (volatile uint32_t*)order->address;
    volatile int32_t zero = 0;
    switch (order->what) {
      case 1: sink = *memory; break;
      case 2: *memory = 1; break;
      case 3: sink = (uint32_t)((int32_t)at / zero); break;
      case 4: sink = recurse(0); break;
      case 5:
        for (;;) sink = sink + 1;
      case 6: __builtin_trap();
      case 8: memset((void*)order->address, 1, 1 << 20); break;
      default: ++counts[at];
    }
  }
  tg->barrier(tg);
}
