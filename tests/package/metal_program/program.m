#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

@interface Doubler : NSObject
- (instancetype)initWithDevice:(id<MTLDevice>)device;
- (NSArray<NSNumber*>*)twice:(NSArray<NSNumber*>*)numbers;
@end

@implementation Doubler {
  id<MTLCommandQueue> _queue;
  id<MTLComputePipelineState> _pipeline;
}
- (instancetype)initWithDevice:(id<MTLDevice>)device {
  if ((self = [super init])) {
    NSString* source =
        @"kernel void twice(device float* x, uint i [[thread_position_in_grid]]) { x[i] *= 2; }";
    NSError* error;
    id<MTLLibrary> library = [device newLibraryWithSource:source options:nil error:&error];
    if (!library) return NSLog(@"%@", error), nil;
    _pipeline = [device newComputePipelineStateWithFunction:[library newFunctionWithName:@"twice"]
                                                      error:&error];
    _queue = [device newCommandQueue];
  }
  return self;
}
- (NSArray<NSNumber*>*)twice:(NSArray<NSNumber*>*)numbers {
  id<MTLBuffer> buffer = [_queue.device newBufferWithLength:numbers.count * sizeof(float)
                                                    options:MTLResourceStorageModeShared];
  float* values = buffer.contents;
  NSUInteger count = 0;
  for (NSNumber* number in numbers) values[count++] = number.floatValue;
  id<MTLCommandBuffer> commands = [_queue commandBuffer];
  id<MTLComputeCommandEncoder> encoder = [commands computeCommandEncoder];
  [encoder setComputePipelineState:_pipeline];
  [encoder setBuffer:buffer offset:0 atIndex:0];
  [encoder dispatchThreads:MTLSizeMake(count, 1, 1) threadsPerThreadgroup:MTLSizeMake(1, 1, 1)];
  [encoder endEncoding];
  [commands commit];
  [commands waitUntilCompleted];
  NSMutableArray* result = [NSMutableArray arrayWithCapacity:count];
  for (NSUInteger i = 0; i < count; ++i) [result addObject:@(values[i])];
  return result;
}
@end

int main(void) {
  @autoreleasepool {
    Doubler* doubler = [[Doubler alloc] initWithDevice:MTLCreateSystemDefaultDevice()];
    NSArray* result = [doubler twice:@[ @1, @2.5, @-3 ]];
    printf("%s\n", [result isEqual:@[ @2, @5, @-6 ]] ? "ok" : result.description.UTF8String);
    return ![result isEqual:@[ @2, @5, @-6 ]];
  }
}
