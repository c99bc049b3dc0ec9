/* Checks its threadgroup memory: static (256 bytes), arguments 0 (5 bytes), 3 (200) and 30 (16)
   must be aligned, apart and writable. Buffer 0 [threadgroup] = number of faults. */
#include "common.h"

ENTRY(struct AnvilThreadgroup* tg, uint32_t simdgroup) {
  uint32_t* faults = tg->dispatch->buffers[0];
  unsigned char* areas[4] = {tg->static_memory, tg->threadgroup_memory[0],
                             tg->threadgroup_memory[3], tg->threadgroup_memory[30]};
  static const uint32_t sizes[4] = {256, 5, 200, 16};
  uint32_t count = 0;
  if (simdgroup != 0) return;
  for (uint32_t area = 0; area < 4; ++area) {
    count += (uintptr_t)areas[area] % ANVIL_THREADGROUP_MEMORY_ALIGNMENT != 0;
    for (uint32_t i = 0; i < sizes[area]; ++i) areas[area][i] = (unsigned char)(area * 50 + i % 50);
  }
  for (uint32_t area = 0; area < 4; ++area)
    for (uint32_t i = 0; i < sizes[area]; ++i) count += areas[area][i] != area * 50 + i % 50;
  count += tg->threadgroup_memory[1] != 0;
  faults[tg->position[0]] = count;
}
