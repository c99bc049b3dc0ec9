// <simd/geometry.h>: see simd.h.
#include <simd/simd.h>
