#import "kernel.h"

BOOL MPSSupportsMTLDevice(id<MTLDevice> device) {
  return device != nil;
}

void mps_require(BOOL holds, id kernel, SEL method, NSString* format, ...) {
  if (holds) return;
  va_list arguments;
  va_start(arguments, format);
  NSString* const what = [[NSString alloc] initWithFormat:format arguments:arguments];
  va_end(arguments);
  [NSException raise:NSInvalidArgumentException
              format:@"-[%@ %@]: %@", [kernel class], NSStringFromSelector(method), what];
}

static const char source[] = {
#embed "arguments.h"
    , '\n',
#embed "kernels.metal"
    , '\0'};

id<MTLComputePipelineState> mps_pipeline(id<MTLDevice> device, NSString* function,
                                         BOOL left_transposed, BOOL right_transposed) {
  static NSMutableDictionary* made;
  static dispatch_once_t once;
  dispatch_once(&once, ^{
    made = [NSMutableDictionary new];
  });
  NSString* const key = [NSString stringWithFormat:@"%lu %@ %d %d", device.registryID, function,
                                                   left_transposed, right_transposed];
  @synchronized(made) {
    id<MTLComputePipelineState> pipeline = made[key];
    if (pipeline) return pipeline;
    NSString* const of_library = [NSString stringWithFormat:@"%lu", device.registryID];
    NSError* error = nil;
    id<MTLLibrary> library = made[of_library];
    if (!library) {
      library = [device newLibraryWithSource:@(source) options:nil error:&error];
      made[of_library] = library;
    }
    MTLFunctionConstantValues* const constants = [MTLFunctionConstantValues new];
    [constants setConstantValue:&left_transposed type:MTLDataTypeBool atIndex:0];
    [constants setConstantValue:&right_transposed type:MTLDataTypeBool atIndex:1];
    id<MTLFunction> const code = [library newFunctionWithName:function
                                               constantValues:constants
                                                        error:&error];
    if (code) pipeline = [device newComputePipelineStateWithFunction:code error:&error];
    if (!pipeline)
      [NSException raise:NSGenericException
                  format:@"MetalPerformanceShaders: %@: %@", function, error.localizedDescription];
    made[key] = pipeline;
    return pipeline;
  }
}

@implementation MPSKernel
- (instancetype)initWithDevice:(id<MTLDevice>)device {
  if (!(self = [super init])) return nil;
  mps_require(device != nil, self, _cmd, @"device is nil");
  _device = device;
  return self;
}
- (instancetype)copyWithZone:(NSZone*)zone {
  return [self copyWithZone:zone device:_device];
}
- (instancetype)copyWithZone:(NSZone*)zone device:(id<MTLDevice>)device {
  MPSKernel* const copy =
      [[[self class] allocWithZone:zone] initWithDevice:device ? device : _device];
  copy.label = _label;
  copy.options = _options;
  return copy;
}
@end
