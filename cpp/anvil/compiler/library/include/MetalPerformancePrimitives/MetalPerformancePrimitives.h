// MetalPerformancePrimitives: precompiled with the rest; preprocessing needs its macros alone.
#include <anvil/predefined.h>
