// The little of CoreFoundation that metal-cpp names.
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef double CFTimeInterval;
