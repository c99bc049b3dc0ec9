#include <metal_stdlib>
#include "amount.h"
using namespace metal;

kernel void plus(device float* x, uint i [[thread_position_in_grid]]) {
  x[i] += amount;
}
