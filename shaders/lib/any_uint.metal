// Words of blocks that are aligned to less.
#pragma once
#include "lib/common.metal"

/// A uint at any address, which every CPU reads as fast as another.
struct __attribute__((packed)) UnalignedUint {
  uint value;
};
inline uint any_uint(device const uchar* bytes) {
  return reinterpret_cast<device const UnalignedUint*>(bytes)->value;
}
