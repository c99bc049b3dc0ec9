// A drawn token into the ring buffer of a sequence, and out of the penalties' counts the one that
// leaves their window. One thread does it.
#include "lib/common.metal"

kernel void append_token(FOUNDRY_ARGUMENTS) {
  if (thread_position_in_grid.x != 0) return;
  ring[params.position % params.capacity] = token[0];
  if (has_counts && params.position >= params.window) {
    const uint gone = uint(ring[(params.position - params.window) % params.capacity]);
    if (gone < params.columns && counts[gone] > 0) counts[gone] -= 1;
  }
}
