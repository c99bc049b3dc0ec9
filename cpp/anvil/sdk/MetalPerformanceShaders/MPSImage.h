// Filters of textures with float, normalised or half texels.
#pragma once

#include <MetalPerformanceShaders/MPSCore.h>

typedef NS_ENUM(NSUInteger, MPSImageEdgeMode) {
  MPSImageEdgeModeZero = 0,
  MPSImageEdgeModeClamp = 1,
};

typedef struct {
  NSInteger x;
  NSInteger y;
  NSInteger z;
} MPSOffset;

/// A clipRect of all that there is.
OBJC_EXTERN const MTLRegion MPSRectNoClip;

MPS_CLASS @interface MPSUnaryImageKernel : MPSKernel
- (void)encodeToCommandBuffer:(id<MTLCommandBuffer>)commandBuffer
                sourceTexture:(id<MTLTexture>)sourceTexture
           destinationTexture:(id<MTLTexture>)destinationTexture;
/// Of the source's texel that the one at clipRect's origin is made of.
@property(readwrite, nonatomic) MPSOffset offset;
/// Of the destination: what is written.
@property(readwrite, nonatomic) MTLRegion clipRect;
/// What lies outside of the source.
@property(readwrite, nonatomic) MPSImageEdgeMode edgeMode;
@end

/// Weights are row by row; the first is the upper left texel's, as the texels lie.
MPS_CLASS @interface MPSImageConvolution : MPSUnaryImageKernel
- (instancetype)initWithDevice:(id<MTLDevice>)device
                   kernelWidth:(NSUInteger)kernelWidth
                  kernelHeight:(NSUInteger)kernelHeight
                       weights:(const float*)weights;
@property(readonly, nonatomic) NSUInteger kernelHeight;
@property(readonly, nonatomic) NSUInteger kernelWidth;
@property(readwrite, nonatomic) float bias;
@end

MPS_CLASS @interface MPSImageBox : MPSUnaryImageKernel
- (instancetype)initWithDevice:(id<MTLDevice>)device
                   kernelWidth:(NSUInteger)kernelWidth
                  kernelHeight:(NSUInteger)kernelHeight;
@property(readonly, nonatomic) NSUInteger kernelHeight;
@property(readonly, nonatomic) NSUInteger kernelWidth;
@end

/// A Gaussian out to four times sigma.
MPS_CLASS @interface MPSImageGaussianBlur : MPSUnaryImageKernel
- (instancetype)initWithDevice:(id<MTLDevice>)device sigma:(float)sigma;
@property(readonly, nonatomic) float sigma;
@end
