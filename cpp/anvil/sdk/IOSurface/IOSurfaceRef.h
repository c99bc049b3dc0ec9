// The type of a surface, which metal-cpp passes through.
#pragma once

typedef struct __IOSurface* IOSurfaceRef;
