// A Metal program as it is written for a Mac.
#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#import "check.h"

static NSString* const source =
    @"#include <metal_stdlib>\n"
     "using namespace metal;\n"
     "constant float scale [[function_constant(0)]];\n"
     "kernel void scaled_add(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
     "                       constant float& bias [[buffer(2)]], uint i [[thread_position_in_grid]]) {\n"
     "  y[i] = scale * x[i] + y[i] + bias;\n"
     "}\n";

void test_metal(void) {
  @autoreleasepool {
    id<MTLDevice> device = MTLCreateSystemDefaultDevice();
    CHECK(device && device.name.length && [device supportsFamily:MTLGPUFamilyCommon1]);
    NSError* error;
    MTLCompileOptions* options = [MTLCompileOptions new];
    options.fastMathEnabled = NO;
    id<MTLLibrary> library = [device newLibraryWithSource:source options:options error:&error];
    CHECK(library && [library.functionNames isEqual:@[ @"scaled_add" ]]);
    MTLFunctionConstantValues* values = [MTLFunctionConstantValues new];
    const float scale = 3;
    [values setConstantValue:&scale type:MTLDataTypeFloat atIndex:0];
    id<MTLFunction> function = [library newFunctionWithName:@"scaled_add" constantValues:values error:&error];
    id<MTLComputePipelineState> pipeline = [device newComputePipelineStateWithFunction:function error:&error];
    CHECK(pipeline.threadExecutionWidth == 32);
    enum { count = 1000 };
    id<MTLBuffer> x = [device newBufferWithLength:count * sizeof(float) options:MTLResourceStorageModeShared];
    id<MTLBuffer> y = [device newBufferWithLength:count * sizeof(float) options:MTLResourceStorageModeShared];
    float *in = x.contents, *out = y.contents;
    for (int i = 0; i < count; ++i) in[i] = (float)i, out[i] = 1;
    id<MTLCommandQueue> queue = [device newCommandQueue];
    id<MTLCommandBuffer> commands = [queue commandBuffer];
    id<MTLComputeCommandEncoder> encoder = [commands computeCommandEncoder];
    [encoder setComputePipelineState:pipeline];
    [encoder setBuffers:(id<MTLBuffer>[]){x, y} offsets:(NSUInteger[]){0, 0} withRange:NSMakeRange(0, 2)];
    const float bias = 0.5f;
    [encoder setBytes:&bias length:sizeof bias atIndex:2];
    [encoder dispatchThreads:MTLSizeMake(count, 1, 1) threadsPerThreadgroup:MTLSizeMake(64, 1, 1)];
    [encoder endEncoding];
    dispatch_semaphore_t done = dispatch_semaphore_create(0);
    __block MTLCommandBufferStatus status = MTLCommandBufferStatusNotEnqueued;
    [commands addCompletedHandler:^(id<MTLCommandBuffer> buffer) {
      status = buffer.status;
      dispatch_semaphore_signal(done);
    }];
    [commands commit];
    dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
    CHECK(status == MTLCommandBufferStatusCompleted);
    for (int i = 0; i < count; ++i) CHECK(out[i] == 3 * (float)i + 1.5f);
    for (id<MTLFunctionLog> log in commands.logs) CHECK(log == nil);

    CHECK([device newLibraryWithSource:@"kernel void broken(" options:nil error:&error] == nil);
    CHECK(error.localizedDescription.length);
    for (id<MTLDevice> each in MTLCopyAllDevices()) CHECK([each conformsToProtocol:@protocol(MTLDevice)] && each.name.length);
    MTLComputePipelineDescriptor* descriptor = [MTLComputePipelineDescriptor new];
    descriptor.label = @"label";
    descriptor.computeFunction = function;
    descriptor.linkedFunctions = [MTLLinkedFunctions linkedFunctions];
    MTLComputePipelineReflection* reflection;
    CHECK([device newComputePipelineStateWithDescriptor:descriptor options:MTLPipelineOptionArgumentInfo reflection:&reflection error:&error]);
    CHECK(reflection.arguments.count == 3 && [reflection.arguments[1].name isEqual:@"y"]);
    MTLCaptureManager* capture = [MTLCaptureManager sharedCaptureManager];
    CHECK(![capture supportsDestination:MTLCaptureDestinationGPUTraceDocument] && !capture.isCapturing);
  }
}
