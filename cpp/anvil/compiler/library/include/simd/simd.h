// <simd/simd.h>, as headers shared between kernels and host code include it: its types are in the
// precompiled library.
#include <anvil/predefined.h>
