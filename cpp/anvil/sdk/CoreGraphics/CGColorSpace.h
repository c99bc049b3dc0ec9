// The type of a colour space, which metal-cpp passes through.
#pragma once

typedef struct CGColorSpace* CGColorSpaceRef;
