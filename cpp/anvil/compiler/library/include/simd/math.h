// <simd/math.h>: see simd.h.
#include <simd/simd.h>
