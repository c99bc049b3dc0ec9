// <simd/common.h>: see simd.h.
#include <simd/simd.h>
