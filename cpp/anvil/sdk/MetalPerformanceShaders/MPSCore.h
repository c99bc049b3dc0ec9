// What all kernels of Metal Performance Shaders have in common.
#pragma once

#include <Metal/Metal.h>

#define MPS_CLASS __attribute__((visibility("default")))

typedef NS_ENUM(uint32_t, MPSDataType) {
  MPSDataTypeInvalid = 0,
  MPSDataTypeFloatBit = 0x10000000,
  MPSDataTypeFloat32 = MPSDataTypeFloatBit | 32,
  MPSDataTypeFloat16 = MPSDataTypeFloatBit | 16,
};

typedef NS_OPTIONS(NSUInteger, MPSKernelOptions) {
  MPSKernelOptionsNone = 0,
  MPSKernelOptionsSkipAPIValidation = 1 << 0,
  MPSKernelOptionsAllowReducedPrecision = 1 << 1,
  MPSKernelOptionsDisableInternalTiling = 1 << 2,
  MPSKernelOptionsInsertDebugGroups = 1 << 3,
  MPSKernelOptionsVerbose = 1 << 4,
};

MPS_CLASS @interface MPSKernel : NSObject<NSCopying>
- (instancetype)initWithDevice:(id<MTLDevice>)device;
- (instancetype)copyWithZone:(NSZone*)zone device:(id<MTLDevice>)device;
@property(readonly, retain, nonatomic) id<MTLDevice> device;
@property(copy, nonatomic) NSString* label;
/// Kept; none of them changes what Anvil does.
@property(readwrite, nonatomic) MPSKernelOptions options;
@end
