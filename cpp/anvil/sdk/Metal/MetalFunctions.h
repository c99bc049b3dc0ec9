// Metal's functions of C, and methods that metal-cpp does not have.
#pragma once

#include <Metal/Metal.h>

OBJC_EXTERN id<MTLDevice> MTLCreateSystemDefaultDevice(void) NS_RETURNS_RETAINED;
OBJC_EXTERN NSArray<id<MTLDevice>>* MTLCopyAllDevices(void) NS_RETURNS_RETAINED;

NS_INLINE MTLOrigin MTLOriginMake(NSUInteger x, NSUInteger y, NSUInteger z) {
  MTLOrigin origin = {x, y, z};
  return origin;
}
NS_INLINE MTLSize MTLSizeMake(NSUInteger width, NSUInteger height, NSUInteger depth) {
  MTLSize size = {width, height, depth};
  return size;
}
NS_INLINE MTLRegion MTLRegionMake1D(NSUInteger x, NSUInteger width) {
  MTLRegion region = {{x, 0, 0}, {width, 1, 1}};
  return region;
}
NS_INLINE MTLRegion MTLRegionMake2D(NSUInteger x, NSUInteger y, NSUInteger width,
                                    NSUInteger height) {
  MTLRegion region = {{x, y, 0}, {width, height, 1}};
  return region;
}
NS_INLINE MTLRegion MTLRegionMake3D(NSUInteger x, NSUInteger y, NSUInteger z, NSUInteger width,
                                    NSUInteger height, NSUInteger depth) {
  MTLRegion region = {{x, y, z}, {width, height, depth}};
  return region;
}
NS_INLINE MTLSamplePosition MTLSamplePositionMake(float x, float y) {
  MTLSamplePosition position = {x, y};
  return position;
}
NS_INLINE MTLClearColor MTLClearColorMake(double red, double green, double blue, double alpha) {
  MTLClearColor color = {red, green, blue, alpha};
  return color;
}
NS_INLINE MTLIndirectCommandBufferExecutionRange
MTLIndirectCommandBufferExecutionRangeMake(uint32_t location, uint32_t length) {
  MTLIndirectCommandBufferExecutionRange range = {location, length};
  return range;
}
