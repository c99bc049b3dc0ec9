// Objective-C++: members with constructors, exceptions of both languages, metal-cpp beside.
#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include <stdexcept>
#include <string>
#include <vector>

#import "check.h"

static int constructed = 0, destroyed = 0;
struct Member {
  Member() { ++constructed; }
  ~Member() { ++destroyed; }
  std::vector<int> values{1, 2, 3};
};

@interface Holder : NSObject {
 @public
  Member member;
  std::string text;
}
@end
@implementation Holder
@end
@interface Below : Holder {
 @public
  Member second;
}
@end
@implementation Below
@end

extern "C" void test_mixed(void) {
  @autoreleasepool {
    Below* below = [Below new];
    below->text = "a string that is too long to be kept in place";
    CHECK(constructed == 2 && below->member.values.size() == 3 && below->second.values.size() == 3);
  }
  CHECK(destroyed == 2);
  bool caught = false;
  try {
    @throw [NSException exceptionWithName:@"name" reason:@"reason" userInfo:nil];
  } catch (...) {
    caught = true;
  }
  CHECK(caught);
  caught = false;
  @try {
    throw std::runtime_error("text");
  } @catch (NSException*) {
    CHECK(!"no exception of Objective-C");
  } @catch (...) {
    caught = true;
  }
  CHECK(caught);
  id<MTLDevice> device = MTLCreateSystemDefaultDevice();
  auto name = [&] { return std::string(device.name.UTF8String); };
  CHECK(!name().empty());
  // Options are numbers in C++, as Apple's are.
  id<MTLBuffer> plain = [device newBufferWithLength:4 options:0];
  const MTLResourceOptions options = MTLResourceStorageModeShared | MTLResourceCPUCacheModeWriteCombined;
  id<MTLBuffer> combined = [device newBufferWithLength:4 options:options];
  CHECK(plain.storageMode == MTLStorageModeShared && combined.resourceOptions == options);
}
