// Filters of images: each is one or two convolutions.
#import "kernel.h"

#include <math.h>

const MTLRegion MPSRectNoClip = {{0, 0, 0}, {NSUIntegerMax, NSUIntegerMax, NSUIntegerMax}};

/// The weights of one convolution.
@interface MPSAnvilWindow : NSObject
@property(nonatomic) NSUInteger width, height;
@property(nonatomic) float bias;
@property(retain, nonatomic) id<MTLBuffer> weights;
@end
@implementation MPSAnvilWindow
@end

static MPSAnvilWindow* window(id<MTLDevice> device, NSUInteger width, NSUInteger height,
                              const float* weights) {
  MPSAnvilWindow* const made = [MPSAnvilWindow new];
  made.width = width;
  made.height = height;
  made.weights = [device newBufferWithBytes:weights
                                     length:width * height * sizeof *weights
                                    options:MTLResourceStorageModeShared];
  return made;
}

/// Along rows, then along columns.
static NSArray<MPSAnvilWindow*>* separable(id<MTLDevice> device, NSUInteger width,
                                           const float* across, NSUInteger height,
                                           const float* down) {
  return @[ window(device, width, 1, across), window(device, 1, height, down) ];
}

static void require_odd(id kernel, SEL method, NSUInteger width, NSUInteger height) {
  mps_require(width % 2 == 1 && height % 2 == 1, kernel, method,
              @"the window is %lu x %lu; both have to be odd", width, height);
}

static void convolve(id<MTLCommandBuffer> commands, MPSUnaryImageKernel* kernel,
                     MPSAnvilWindow* window, id<MTLTexture> source, id<MTLTexture> destination,
                     MTLRegion clip, NSInteger x, NSInteger y) {
  const struct Filter filter = {
      .width = (int)window.width,
      .height = (int)window.height,
      .offset = {(int)x, (int)y},
      .clip_origin = {(unsigned int)clip.origin.x, (unsigned int)clip.origin.y},
      .bias = window.bias,
      .clamps = kernel.edgeMode == MPSImageEdgeModeClamp};
  id<MTLComputeCommandEncoder> const encoder = [commands computeCommandEncoder];
  if (kernel.label) encoder.label = kernel.label;
  [encoder setComputePipelineState:mps_pipeline(kernel.device, @"convolve", NO, NO)];
  [encoder setTexture:source atIndex:0];
  [encoder setTexture:destination atIndex:1];
  [encoder setBytes:&filter length:sizeof filter atIndex:0];
  [encoder setBuffer:window.weights offset:0 atIndex:1];
  [encoder dispatchThreads:MTLSizeMake(clip.size.width, clip.size.height, 1)
      threadsPerThreadgroup:MTLSizeMake(32, 4, 1)];
  [encoder endEncoding];
}

@implementation MPSUnaryImageKernel {
 @protected
  NSArray<MPSAnvilWindow*>* _windows;
}
- (instancetype)initWithDevice:(id<MTLDevice>)device {
  if ((self = [super initWithDevice:device])) _clipRect = MPSRectNoClip;
  return self;
}
- (instancetype)copyWithZone:(NSZone*)zone device:(id<MTLDevice>)device {
  MPSUnaryImageKernel* const copy = [super copyWithZone:zone device:device];
  copy->_windows = _windows;
  copy->_offset = _offset;
  copy->_clipRect = _clipRect;
  copy->_edgeMode = _edgeMode;
  return copy;
}
- (void)encodeToCommandBuffer:(id<MTLCommandBuffer>)commandBuffer
                sourceTexture:(id<MTLTexture>)source
           destinationTexture:(id<MTLTexture>)destination {
  mps_require(source && destination, self, _cmd, @"a texture is nil");
  mps_require(source.textureType == MTLTextureType2D && destination.textureType == MTLTextureType2D,
              self, _cmd, @"unsupported texture types %lu and %lu; supported: MTLTextureType2D",
              source.textureType, destination.textureType);
  MTLRegion clip = _clipRect;
  clip.origin.x = MIN(clip.origin.x, destination.width);
  clip.origin.y = MIN(clip.origin.y, destination.height);
  clip.size.width = MIN(clip.size.width, destination.width - clip.origin.x);
  clip.size.height = MIN(clip.size.height, destination.height - clip.origin.y);
  if (!clip.size.width || !clip.size.height) return;
  if (_windows.count == 1) {
    convolve(commandBuffer, self, _windows[0], source, destination, clip, _offset.x, _offset.y);
    return;
  }
  // All rows of the source: those that the columns' edge mode makes up are made of them.
  MTLTextureDescriptor* const rows =
      [MTLTextureDescriptor texture2DDescriptorWithPixelFormat:MTLPixelFormatRGBA32Float
                                                         width:clip.size.width
                                                        height:source.height
                                                     mipmapped:NO];
  rows.storageMode = MTLStorageModePrivate;
  rows.usage = MTLTextureUsageShaderRead | MTLTextureUsageShaderWrite;
  id<MTLTexture> const between = [self.device newTextureWithDescriptor:rows];
  convolve(commandBuffer, self, _windows[0], source, between,
           MTLRegionMake2D(0, 0, clip.size.width, source.height), _offset.x, 0);
  convolve(commandBuffer, self, _windows[1], between, destination, clip, 0, _offset.y);
}
@end

@implementation MPSImageConvolution
- (instancetype)initWithDevice:(id<MTLDevice>)device
                   kernelWidth:(NSUInteger)kernelWidth
                  kernelHeight:(NSUInteger)kernelHeight
                       weights:(const float*)weights {
  if (!(self = [super initWithDevice:device])) return nil;
  require_odd(self, _cmd, kernelWidth, kernelHeight);
  _windows = @[ window(device, kernelWidth, kernelHeight, weights) ];
  return self;
}
- (NSUInteger)kernelWidth {
  return _windows[0].width;
}
- (NSUInteger)kernelHeight {
  return _windows[0].height;
}
- (float)bias {
  return _windows[0].bias;
}
- (void)setBias:(float)bias {
  MPSAnvilWindow* const made = [MPSAnvilWindow new];  // a copy may have the one that there was
  made.width = _windows[0].width;
  made.height = _windows[0].height;
  made.weights = _windows[0].weights;
  made.bias = bias;
  _windows = @[ made ];
}
@end

@implementation MPSImageBox
- (instancetype)initWithDevice:(id<MTLDevice>)device
                   kernelWidth:(NSUInteger)kernelWidth
                  kernelHeight:(NSUInteger)kernelHeight {
  if (!(self = [super initWithDevice:device])) return nil;
  require_odd(self, _cmd, kernelWidth, kernelHeight);
  float across[kernelWidth], down[kernelHeight];
  for (NSUInteger i = 0; i < kernelWidth; ++i) across[i] = 1.0f / (float)kernelWidth;
  for (NSUInteger i = 0; i < kernelHeight; ++i) down[i] = 1.0f / (float)kernelHeight;
  _windows = separable(device, kernelWidth, across, kernelHeight, down);
  return self;
}
- (NSUInteger)kernelWidth {
  return _windows[0].width;
}
- (NSUInteger)kernelHeight {
  return _windows[1].height;
}
@end

@implementation MPSImageGaussianBlur
- (instancetype)initWithDevice:(id<MTLDevice>)device sigma:(float)sigma {
  if (!(self = [super initWithDevice:device])) return nil;
  mps_require(sigma >= 0 && sigma <= 1024, self, _cmd, @"sigma is %g; it has to be 0 to 1024",
              (double)sigma);
  _sigma = sigma;
  const NSInteger radius = (NSInteger)ceilf(4 * sigma);
  const NSUInteger size = (NSUInteger)(2 * radius + 1);
  double sum = 0;
  float weights[size];
  for (NSInteger i = -radius; i <= radius; ++i) sum += exp(-0.5 * pow((double)i / sigma, 2));
  for (NSInteger i = -radius; i <= radius; ++i)
    weights[i + radius] = radius ? (float)(exp(-0.5 * pow((double)i / sigma, 2)) / sum) : 1;
  _windows = separable(device, size, weights, size, weights);
  return self;
}
- (instancetype)copyWithZone:(NSZone*)zone device:(id<MTLDevice>)device {
  MPSImageGaussianBlur* const copy = [super copyWithZone:zone device:device];
  copy->_sigma = _sigma;
  return copy;
}
@end
