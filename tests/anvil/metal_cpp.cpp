// The one file that holds metal-cpp's definitions, as every metal-cpp program has one.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#include <Metal/Metal.hpp>
