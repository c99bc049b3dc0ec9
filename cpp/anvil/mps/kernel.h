// What the kernels of this room share: their pipelines, and their errors.
#import <MetalPerformanceShaders/MetalPerformanceShaders.h>

#include "arguments.h"

/// Of a function in kernels.metal, made once for a device.
id<MTLComputePipelineState> mps_pipeline(id<MTLDevice> device, NSString* function,
                                         BOOL left_transposed, BOOL right_transposed);

/// Of an element.
static inline NSUInteger bytes_of(MPSDataType type) {
  return (type & 0xffff) / 8;
}

/// Raises NSInvalidArgumentException unless `holds`: "-[Class method]: what".
void mps_require(BOOL holds, id kernel, SEL method, NSString* format, ...) NS_FORMAT_FUNCTION(4, 5);
