// <simd/simd.h>: the names by which headers shared with host code know the vector types.
#pragma once

#include "matrix.h"

#define ANVIL_SIMD_VECTORS(T) \
  typedef T##2 simd_##T##2;   \
  typedef T##3 simd_##T##3;   \
  typedef T##4 simd_##T##4;   \
  typedef T##2 vector_##T##2; \
  typedef T##3 vector_##T##3; \
  typedef T##4 vector_##T##4; \
  namespace simd {            \
  using ::T##2;               \
  using ::T##3;               \
  using ::T##4;               \
  }
ANVIL_SIMD_VECTORS(char)
ANVIL_SIMD_VECTORS(uchar)
ANVIL_SIMD_VECTORS(short)
ANVIL_SIMD_VECTORS(ushort)
ANVIL_SIMD_VECTORS(int)
ANVIL_SIMD_VECTORS(uint)
ANVIL_SIMD_VECTORS(long)
ANVIL_SIMD_VECTORS(ulong)
ANVIL_SIMD_VECTORS(half)
ANVIL_SIMD_VECTORS(float)
#undef ANVIL_SIMD_VECTORS

#define ANVIL_SIMD_MATRICES(T, R)     \
  typedef T##2x##R simd_##T##2x##R;   \
  typedef T##3x##R simd_##T##3x##R;   \
  typedef T##4x##R simd_##T##4x##R;   \
  typedef T##2x##R matrix_##T##2x##R; \
  typedef T##3x##R matrix_##T##3x##R; \
  typedef T##4x##R matrix_##T##4x##R; \
  namespace simd {                    \
  using ::T##2x##R;                   \
  using ::T##3x##R;                   \
  using ::T##4x##R;                   \
  }
ANVIL_SIMD_MATRICES(half, 2)
ANVIL_SIMD_MATRICES(half, 3)
ANVIL_SIMD_MATRICES(half, 4)
ANVIL_SIMD_MATRICES(float, 2)
ANVIL_SIMD_MATRICES(float, 3)
ANVIL_SIMD_MATRICES(float, 4)
#undef ANVIL_SIMD_MATRICES
