// NSOperation and its queues: the order that they promise.
#import <Foundation/Foundation.h>

#import "check.h"

// cpp/anvil/objc/instances.hpp
long anvil_objc_instances(Class cls);

@interface Counted : NSOperation {
  NSMutableArray* _log;
}
- (instancetype)initWithLog:(NSMutableArray*)log;
@end
@implementation Counted
- (instancetype)initWithLog:(NSMutableArray*)log {
  if ((self = [super init])) _log = log;
  return self;
}
- (void)main {
  CHECK(self.executing && !self.finished);
  @synchronized(_log) {
    [_log addObject:self.name];
  }
}
@end

/// One that ends later than its -start does.
@interface Later : NSOperation {
  BOOL _done;
}
@end
@implementation Later
- (BOOL)isAsynchronous {
  return YES;
}
- (BOOL)isFinished {
  return _done;
}
- (void)start {
  dispatch_after(dispatch_time(DISPATCH_TIME_NOW, 2 * (int64_t)NSEC_PER_MSEC), dispatch_get_global_queue(0, 0), ^{
    [self willChangeValueForKey:@"isFinished"];
    self->_done = YES;
    [self didChangeValueForKey:@"isFinished"];
  });
}
@end

static NSString* reason_of(void (^work)(void)) {
  @try {
    work();
  } @catch (NSException* exception) {
    return exception.reason;
  }
  return nil;
}

static void test_order(void) {
  NSMutableArray* log = [NSMutableArray array];
  NSOperationQueue *first = [NSOperationQueue new], *second = [NSOperationQueue new];
  NSMutableArray* all = [NSMutableArray array];
  for (int i = 0; i < 20; ++i) {
    Counted* each = [[Counted alloc] initWithLog:log];
    each.name = [NSString stringWithFormat:@"%02d", i];
    if (i) [each addDependency:all.lastObject];
    [all addObject:each];
  }
  CHECK([[all[3] dependencies] isEqual:@[ all[2] ]] && [all[0] isReady] && ![all[1] isReady]);
  // The last first, in two queues: what they depend on decides.
  for (NSOperation* each in [all reverseObjectEnumerator]) [([all indexOfObject:each] % 2 ? first : second) addOperation:each];
  [all.lastObject waitUntilFinished];
  [first waitUntilAllOperationsAreFinished];
  CHECK(log.count == 20 && [log isEqual:[log sortedArrayUsingSelector:@selector(compare:)]]);
  CHECK(first.operationCount == 0 && [all[5] isFinished] && ![all[5] isExecuting]);
  NSOperation* executed = all[0];  // in the block, what an exception leaves would keep it (ARC)
  CHECK([reason_of(^{
    [first addOperation:executed];
  }) isEqual:@"-[NSOperationQueue addOperation:]: the operation is in a queue already, or has been executed"]);
}

static void test_limits(void) {
  NSOperationQueue* queue = [NSOperationQueue new];
  CHECK(queue.maxConcurrentOperationCount == NSOperationQueueDefaultMaxConcurrentOperationCount);
  queue.maxConcurrentOperationCount = 1;
  queue.suspended = YES;
  NSMutableArray* log = [NSMutableArray array];
  for (int i = 0; i < 6; ++i) {
    NSBlockOperation* each = [NSBlockOperation blockOperationWithBlock:^{
      [log addObject:@(i)];
    }];
    if (i == 4) each.queuePriority = NSOperationQueuePriorityHigh;
    if (i == 1)
      [each addExecutionBlock:^{
        [log addObject:@11];
      }];
    [queue addOperation:each];
  }
  CHECK(queue.operationCount == 6 && [queue.operations[0] isReady] && log.count == 0);
  [queue.operations[2] cancel];
  queue.suspended = NO;
  [queue waitUntilAllOperationsAreFinished];
  CHECK([log isEqual:@[ @4, @0, @1, @11, @3, @5 ]]);
  queue.maxConcurrentOperationCount = 8;
  __block _Atomic int running = 0, together = 0, before = 0;
  for (int i = 0; i < 8; ++i) [queue addOperationWithBlock:^{
      CHECK(NSOperationQueue.currentQueue == queue);
      ++running;
      ++before;
    }];
  [queue addBarrierBlock:^{
    together = before == 8;
  }];
  [queue addOperationWithBlock:^{
    CHECK(together == 1);
  }];
  [queue waitUntilAllOperationsAreFinished];
  CHECK(running == 8 && together == 1 && NSOperationQueue.currentQueue == NSOperationQueue.mainQueue);
}

static void test_ends(void) {
  NSOperationQueue* queue = [NSOperationQueue new];
  Later* later = [Later new];
  __block BOOL completed = NO, after = NO;
  dispatch_semaphore_t told = dispatch_semaphore_create(0);
  later.completionBlock = ^{
    completed = YES;
    dispatch_semaphore_signal(told);
  };
  CHECK(later.completionBlock && [NSOperation new].completionBlock == nil);
  NSBlockOperation* next = [NSBlockOperation blockOperationWithBlock:^{
    after = later.finished;
  }];
  [next addDependency:later];
  [queue addOperations:@[ next, later ] waitUntilFinished:YES];
  dispatch_semaphore_wait(told, DISPATCH_TIME_FOREVER);
  CHECK(completed && after);
  // Without a queue it is a call.
  __block int calls = 0;
  NSBlockOperation* alone = [NSBlockOperation blockOperationWithBlock:^{
    ++calls;
  }];
  [alone start];
  [alone start];
  CHECK(calls == 1 && alone.finished);
  NSBlockOperation* cancelled = [NSBlockOperation blockOperationWithBlock:^{
    ++calls;
  }];
  [cancelled cancel];
  [cancelled start];
  CHECK(calls == 1 && cancelled.finished && cancelled.cancelled);
  NSBlockOperation* waits = [NSBlockOperation blockOperationWithBlock:^{
  }];
  [waits addDependency:[NSOperation new]];
  CHECK([reason_of(^{
    [waits start];
  }) isEqual:@"-[NSOperation start]: the operation is not ready"]);
}

/// A parameter is retained and released as it is: a block on the stack stays there.
__attribute__((noinline)) static int called(int (^block)(void)) {
  __attribute__((objc_precise_lifetime)) id held = block;
  return held ? block() + block() : 0;
}

static void test_blocks_of_the_stack(void) {
  const long before = anvil_objc_instances(NSClassFromString(@"__NSMallocBlock__"));
  __block int calls = 0;
  const char* reason = [reason_of(^{
    @throw [NSException exceptionWithName:@"thrown" reason:@"by a block" userInfo:nil];
  }) UTF8String];
  CHECK(reason && called(^{
    return ++calls;
  }) == 3);
  CHECK(anvil_objc_instances(NSClassFromString(@"__NSMallocBlock__")) == before);
}

void test_operations(void) {
  test_blocks_of_the_stack();
  test_order();
  test_limits();
  test_ends();
}
