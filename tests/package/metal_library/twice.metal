#include <metal_stdlib>
#include "amount.h"
using namespace metal;

kernel void twice(device float* x, uint i [[thread_position_in_grid]]) {
  x[i] = 2 * x[i] + amount;
}
