// Metal Performance Shaders against the same sums in double.
#import <MetalPerformanceShaders/MetalPerformanceShaders.h>
#include <math.h>
#include <stdlib.h>

#import "../objc/check.h"
#import "../objc/live_objects.h"

int failures = 0;

static id<MTLDevice> device;
static id<MTLCommandQueue> queue;

static double random_value(void) {
  return (double)rand() / RAND_MAX * 2 - 1;
}
static NSUInteger bytes_of(MPSDataType type) {
  return type == MPSDataTypeFloat32 ? 4 : 2;
}
static double get(const void* at, NSUInteger byte, MPSDataType type) {
  return type == MPSDataTypeFloat32 ? (double)*(const float*)((const char*)at + byte)
                                    : (double)*(const _Float16*)((const char*)at + byte);
}
static void set(void* at, NSUInteger byte, MPSDataType type, double value) {
  if (type == MPSDataTypeFloat32)
    *(float*)((char*)at + byte) = (float)value;
  else
    *(_Float16*)((char*)at + byte) = (_Float16)value;
}

/// `matrices` of random numbers with room between rows and between matrices, which stays as it is.
static MPSMatrix* matrix(NSUInteger matrices, NSUInteger rows, NSUInteger columns,
                         MPSDataType type) {
  const NSUInteger row = [MPSMatrixDescriptor rowBytesForColumns:columns + 1 dataType:type];
  const NSUInteger offset = 32, size = (rows + 1) * row;
  id<MTLBuffer> buffer = [device newBufferWithLength:offset + matrices * size options:0];
  for (NSUInteger i = 0; i < buffer.length; i += bytes_of(type))
    set(buffer.contents, i, type, random_value());
  MPSMatrixDescriptor* descriptor = [MPSMatrixDescriptor matrixDescriptorWithRows:rows
                                                                          columns:columns
                                                                         matrices:matrices
                                                                         rowBytes:row
                                                                      matrixBytes:size
                                                                         dataType:type];
  return [[MPSMatrix alloc] initWithBuffer:buffer offset:offset descriptor:descriptor];
}
static double element(const void* bytes, MPSMatrix* of, NSUInteger m, NSUInteger i, NSUInteger j) {
  return get(bytes, of.offset + m * of.matrixBytes + i * of.rowBytes + j * bytes_of(of.dataType),
             of.dataType);
}

/// Float sums of n products of numbers up to 1, and the result rounded once to its type.
static BOOL near(double got, double expected, NSUInteger n, MPSDataType type) {
  const double rounding = type == MPSDataTypeFloat32 ? 0x1p-24 : 0x1p-11;
  return fabs(got - expected) <= (double)(n + 4) * 0x1p-23 * (double)n + fabs(expected) * rounding +
                                     (type == MPSDataTypeFloat32 ? 0 : 0x1p-24);
}

static id<MTLCommandBuffer> finish(id<MTLCommandBuffer> commands) {
  [commands commit];
  [commands waitUntilCompleted];
  CHECK(commands.status == MTLCommandBufferStatusCompleted);
  return commands;
}

static void test_multiplication(MPSDataType left_type, MPSDataType right_type,
                                MPSDataType result_type, BOOL left_t, BOOL right_t, double alpha,
                                double beta) {
  enum { M = 37, N = 45, K = 29, batch = 3, start = 1 };
  const MTLOrigin at_left = {2, 1, 0}, at_right = {1, 3, 0}, at_result = {3, 2, 0};
  MPSMatrix* left = matrix(batch, (left_t ? K : M) + 2, (left_t ? M : K) + 1, left_type);
  MPSMatrix* right = matrix(batch, (right_t ? N : K) + 1, (right_t ? K : N) + 3, right_type);
  MPSMatrix* result = matrix(batch, M + 4, N + 2, result_type);
  NSData* before = [NSData dataWithBytes:result.data.contents length:result.data.length];
  MPSMatrixMultiplication* kernel = [[MPSMatrixMultiplication alloc] initWithDevice:device
                                                                      transposeLeft:left_t
                                                                     transposeRight:right_t
                                                                         resultRows:M
                                                                      resultColumns:N
                                                                    interiorColumns:K
                                                                              alpha:alpha
                                                                               beta:beta];
  CHECK(kernel.batchSize == NSUIntegerMax && kernel.batchStart == 0);
  kernel.leftMatrixOrigin = at_left;
  kernel.rightMatrixOrigin = at_right;
  kernel.resultMatrixOrigin = at_result;
  kernel.batchStart = start;
  kernel = [kernel copy];
  id<MTLCommandBuffer> commands = [queue commandBuffer];
  [kernel encodeToCommandBuffer:commands leftMatrix:left rightMatrix:right resultMatrix:result];
  finish(commands);
  int wrong = 0;
  for (NSUInteger m = 0; m < batch; ++m)
    for (NSUInteger i = 0; i < result.rows; ++i)
      for (NSUInteger j = 0; j < result.columns; ++j) {
        double expected = element(before.bytes, result, m, i, j);
        const double got = element(result.data.contents, result, m, i, j);
        if (m < start || i < at_result.x || i >= at_result.x + M || j < at_result.y ||
            j >= at_result.y + N) {
          wrong += got != expected;
          continue;
        }
        const NSUInteger r = i - at_result.x, c = j - at_result.y;
        double sum = 0;
        for (NSUInteger k = 0; k < K; ++k)
          sum += element(left.data.contents, left, m, at_left.x + (left_t ? k : r),
                         at_left.y + (left_t ? r : k)) *
                 element(right.data.contents, right, m, at_right.x + (right_t ? c : k),
                         at_right.y + (right_t ? k : c));
        expected = alpha * sum + (beta == 0 ? 0 : beta * expected);
        wrong += !near(got, expected, K, result_type);
      }
  CHECK(wrong == 0);
}

static void test_vector(MPSDataType type, BOOL transposed, double beta) {
  enum { rows = 70, columns = 101, vectors = 2 };
  MPSMatrix* a = matrix(vectors, transposed ? columns : rows, transposed ? rows : columns, type);
  MPSVector* x = [[MPSVector alloc]
      initWithDevice:device
          descriptor:[MPSVectorDescriptor
                         vectorDescriptorWithLength:columns + 2
                                            vectors:vectors
                                        vectorBytes:[MPSVectorDescriptor
                                                        vectorBytesForLength:columns + 2
                                                                    dataType:type]
                                           dataType:type]];
  MPSVector* y = [[MPSVector alloc]
      initWithDevice:device
          descriptor:[MPSVectorDescriptor vectorDescriptorWithLength:rows
                                                             vectors:vectors
                                                         vectorBytes:512
                                                            dataType:MPSDataTypeFloat32]];
  for (NSUInteger i = 0; i < x.data.length; i += bytes_of(type))
    set(x.data.contents, i, type, random_value());
  float* out = y.data.contents;
  for (NSUInteger i = 0; i < y.data.length / 4; ++i) out[i] = beta == 0 ? NAN : 2;
  MPSMatrixVectorMultiplication* kernel =
      [[MPSMatrixVectorMultiplication alloc] initWithDevice:device
                                                  transpose:transposed
                                                       rows:rows
                                                    columns:columns
                                                      alpha:0.5
                                                       beta:beta];
  kernel.secondarySourceMatrixOrigin = MTLOriginMake(2, 0, 0);
  id<MTLCommandBuffer> commands = [queue commandBuffer];
  [kernel encodeToCommandBuffer:commands inputMatrix:a inputVector:x resultVector:y];
  finish(commands);
  int wrong = 0;
  for (NSUInteger m = 0; m < vectors; ++m)
    for (NSUInteger i = 0; i < rows; ++i) {
      double sum = 0;
      for (NSUInteger k = 0; k < columns; ++k)
        sum += element(a.data.contents, a, m, transposed ? k : i, transposed ? i : k) *
               get(x.data.contents, m * x.vectorBytes + (k + 2) * bytes_of(type), type);
      wrong += !near((double)out[m * 128 + i], 0.5 * sum + beta * 2, columns, MPSDataTypeFloat32);
    }
  CHECK(wrong == 0);
}

enum { width = 23, height = 19 };

static id<MTLTexture> texture(const float* values) {
  MTLTextureDescriptor* descriptor =
      [MTLTextureDescriptor texture2DDescriptorWithPixelFormat:MTLPixelFormatRG32Float
                                                         width:width
                                                        height:height
                                                     mipmapped:NO];
  descriptor.usage = MTLTextureUsageShaderRead | MTLTextureUsageShaderWrite;
  id<MTLTexture> made = [device newTextureWithDescriptor:descriptor];
  [made replaceRegion:MTLRegionMake2D(0, 0, width, height)
          mipmapLevel:0
            withBytes:values
          bytesPerRow:width * 2 * sizeof(float)];
  return made;
}

/// A filter against its weights, of which there are rows * columns, in double.
static void test_filter(MPSUnaryImageKernel* kernel, NSInteger columns, NSInteger rows,
                        const double* weights, double bias) {
  float in[height * width * 2], was[height * width * 2], out[height * width * 2];
  for (int i = 0; i < height * width * 2; ++i) in[i] = (float)random_value(), was[i] = 7;
  const MTLRegion parts[] = {MPSRectNoClip, MTLRegionMake2D(3, 4, 11, 9)};
  for (int p = 0; p < 2; ++p)
    for (MPSImageEdgeMode edge = MPSImageEdgeModeZero; edge <= MPSImageEdgeModeClamp; ++edge) {
      const NSInteger left = p ? 3 : 0, top = p ? 4 : 0, right = p ? 14 : width,
                      bottom = p ? 13 : height;
      const NSInteger dx = p ? -2 : 0, dy = p ? 5 : 0;
      kernel.clipRect = parts[p];
      kernel.offset = (MPSOffset){dx, dy, 0};
      kernel.edgeMode = edge;
      id<MTLTexture> from = texture(in), to = texture(was);
      id<MTLCommandBuffer> commands = [queue commandBuffer];
      [kernel encodeToCommandBuffer:commands sourceTexture:from destinationTexture:to];
      finish(commands);
      [to getBytes:out
          bytesPerRow:width * 2 * sizeof(float)
           fromRegion:MTLRegionMake2D(0, 0, width, height)
          mipmapLevel:0];
      int wrong = 0;
      for (NSInteger y = 0; y < height; ++y)
        for (NSInteger x = 0; x < width; ++x)
          for (NSInteger c = 0; c < 2; ++c) {
            const double got = (double)out[(y * width + x) * 2 + c];
            double expected = bias;
            if (x < left || x >= right || y < top || y >= bottom) {
              wrong += got != 7;
              continue;
            }
            for (NSInteger j = 0; j < rows; ++j)
              for (NSInteger i = 0; i < columns; ++i) {
                NSInteger u = x - left + dx + i - columns / 2, v = y - top + dy + j - rows / 2;
                if (edge == MPSImageEdgeModeClamp) {
                  u = MAX(0, MIN(width - 1, u));
                  v = MAX(0, MIN(height - 1, v));
                } else if (u < 0 || u >= width || v < 0 || v >= height) {
                  continue;
                }
                expected += weights[j * columns + i] * (double)in[(v * width + u) * 2 + c];
              }
            // Weights of float, and two sums of at most 35 products below 1 each.
            wrong += fabs(got - expected) > 80 * 0x1p-23;
          }
      CHECK(wrong == 0);
    }
}

static void test_images(void) {
  float weights[15];
  double exact[35 * 35];
  for (int i = 0; i < 15; ++i) exact[i] = (double)(weights[i] = (float)random_value());
  MPSImageConvolution* convolution = [[MPSImageConvolution alloc] initWithDevice:device
                                                                     kernelWidth:5
                                                                    kernelHeight:3
                                                                         weights:weights];
  convolution.bias = 0.25f;
  CHECK(convolution.kernelWidth == 5 && convolution.kernelHeight == 3);
  test_filter([convolution copy], 5, 3, exact, 0.25);
  for (int i = 0; i < 21; ++i) exact[i] = 1.0 / 21;
  test_filter([[MPSImageBox alloc] initWithDevice:device kernelWidth:3 kernelHeight:7], 3, 7, exact,
              0);
  const double sigma = 2.5;
  double sum = 0;
  for (int j = -10; j <= 10; ++j)
    for (int i = -10; i <= 10; ++i)
      sum += exact[(j + 10) * 21 + i + 10] = exp(-(i * i + j * j) / (2 * sigma * sigma));
  for (int i = 0; i < 21 * 21; ++i) exact[i] /= sum;
  test_filter([[MPSImageGaussianBlur alloc] initWithDevice:device sigma:2.5f], 21, 21, exact, 0);
  exact[0] = 1;
  test_filter([[MPSImageGaussianBlur alloc] initWithDevice:device sigma:0], 1, 1, exact, 0);
}

#define CHECK_RAISES(expression, text)                                     \
  @try {                                                                   \
    expression;                                                            \
    CHECK(text == nil);                                                    \
  } @catch (NSException * raised) {                                        \
    CHECK([raised.name isEqualToString:NSInvalidArgumentException]);       \
    if (![raised.reason containsString:text]) NSLog(@"%@", raised.reason); \
    CHECK([raised.reason containsString:text]);                            \
  }

static void test_errors(void) {
  MPSMatrix* a = matrix(1, 4, 4, MPSDataTypeFloat32);
  MPSMatrixMultiplication* kernel = [[MPSMatrixMultiplication alloc] initWithDevice:device
                                                                         resultRows:4
                                                                      resultColumns:4
                                                                    interiorColumns:5];
  id<MTLCommandBuffer> commands = [queue commandBuffer];
  CHECK_RAISES([kernel encodeToCommandBuffer:commands leftMatrix:a rightMatrix:a resultMatrix:a],
               @"-[MPSMatrixMultiplication encodeToCommandBuffer:leftMatrix:rightMatrix:"
                "resultMatrix:]: 4 x 5 at (0, 0) are beyond the left matrix's 4 x 4");
  CHECK_RAISES([kernel encodeToCommandBuffer:commands leftMatrix:nil rightMatrix:a resultMatrix:a],
               @"the left matrix is nil");
  kernel.leftMatrixOrigin = MTLOriginMake(0, 0, 1);
  CHECK_RAISES([kernel encodeToCommandBuffer:commands leftMatrix:a rightMatrix:a resultMatrix:a],
               @"the left matrix's origin has z 1; it has to be 0");
  MPSMatrixDescriptor* large = [MPSMatrixDescriptor matrixDescriptorWithRows:4
                                                                     columns:4
                                                                    rowBytes:64
                                                                    dataType:MPSDataTypeFloat32];
  id<MTLBuffer> small = [device newBufferWithLength:200 options:0];
  CHECK_RAISES((void)[[MPSMatrix alloc] initWithBuffer:small descriptor:large],
               @"208 bytes at offset 0 are beyond the buffer's length 200");
  large.rowBytes = 12;
  CHECK_RAISES((void)[[MPSMatrix alloc] initWithBuffer:small descriptor:large],
               @"rowBytes is 12; it has to be at least 16, and whole elements of 4 bytes");
  large.dataType = (MPSDataType)8;
  CHECK_RAISES((void)[[MPSMatrix alloc] initWithBuffer:small descriptor:large],
               @"unsupported data type 0x8; supported: MPSDataTypeFloat32, MPSDataTypeFloat16");
  CHECK_RAISES((void)[[MPSImageBox alloc] initWithDevice:device kernelWidth:2 kernelHeight:3],
               @"the window is 2 x 3; both have to be odd");
  CHECK_RAISES((void)[[MPSImageGaussianBlur alloc] initWithDevice:device sigma:-1],
               @"sigma is -1; it has to be 0 to 1024");
  CHECK(NSClassFromString(@"MPSImageHistogram") == nil);
}

static void test_all(void) {
  CHECK(MPSSupportsMTLDevice(device) && !MPSSupportsMTLDevice(nil));
  const MPSDataType types[] = {MPSDataTypeFloat32, MPSDataTypeFloat16};
  for (int i = 0; i < 8; ++i)
    test_multiplication(types[i & 1], types[i >> 1 & 1], types[i >> 2], i % 3 == 1, i % 4 == 2, 1.5,
                        i & 1 ? -0.5 : 0);
  test_multiplication(MPSDataTypeFloat32, MPSDataTypeFloat32, MPSDataTypeFloat32, YES, YES, 1, 1);
  for (int i = 0; i < 4; ++i) test_vector(types[i & 1], i >> 1, i == 3 ? 0 : 0.25);
  test_images();
  test_errors();
}

int main(void) {
  device = MTLCreateSystemDefaultDevice();
  queue = [device newCommandQueue];
  test_all();  // pipelines are made once, and kept
  counted("MPS", test_all);
  if (!failures) puts("ok");
  return failures != 0;
}
