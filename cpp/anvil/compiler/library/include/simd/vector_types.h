// <simd/vector_types.h>: see simd.h.
#include <simd/simd.h>
