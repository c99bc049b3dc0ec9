// Automatic reference counting, blocks, literals and loops.
#import <Foundation/Foundation.h>

#import "check.h"

static int alive = 0;

@interface Node : NSObject
@property(nonatomic, strong) Node* next;
@property(nonatomic, weak) Node* back;
@property(copy) void (^work)(int);
@property(class, readonly) int alive;
@end
@implementation Node
+ (int)alive {
  return alive;
}
- (instancetype)init {
  if ((self = [super init])) ++alive;
  return self;
}
static id global;
- (void)dealloc {
  --alive;
  id me = self;  // retained and released while it goes
  global = [me description];
}
@end

static Node* made(void) { return [[Node alloc] init]; }

static void test_counting(void) {
  @autoreleasepool {
    Node* first = made();
    first.next = made();
    first.next.back = first;
    CHECK(alive == 2 && first.next.back == first);
    __weak Node* weak = first;
    CHECK(weak == first);
    first = nil;
#ifdef __OPTIMIZE__
    CHECK(weak == nil);  // else the pool has it still
#endif
  }
  CHECK(alive == 0);
  @autoreleasepool {
    Node* node = made();
    __weak Node* weak = node;
    __block int sum = 0;
    node.work = ^(int value) {
      sum += value + (weak != nil);
    };
    node.work(4);
    CHECK(sum == 5);
    NSMutableArray<void (^)(void)>* blocks = [NSMutableArray array];
    for (int i = 0; i < 3; ++i) [blocks addObject:^{ sum += i; }];
    for (void (^block)(void) in blocks) block();
    CHECK(sum == 8);
    __weak id associated;
    @autoreleasepool {
      Node* other = made();
      associated = other;
      CHECK(alive == 2);
    }
    CHECK(associated == nil && alive == 1);
  }
  CHECK(alive == 0);
  global = nil;
}

static void test_literals(void) {
  NSDictionary<NSString*, id>* dictionary = @{@"one" : @1, @"pi" : @3.25, @"yes" : @YES, @"list" : @[ @"a", @"b" ]};
  CHECK([dictionary[@"one"] intValue] == 1 && [dictionary[@"pi"] doubleValue] == 3.25);
  CHECK([dictionary[@"yes"] boolValue] && [dictionary[@"list"][1] isEqual:@"b"]);
  CHECK(dictionary[@"none"] == nil && dictionary.count == 4);
  NSMutableArray* seen = [NSMutableArray new];
  for (NSString* key in dictionary) [seen addObject:key];
  CHECK([[seen componentsJoinedByString:@","] isEqual:@"one,pi,yes,list"]);
  NSUInteger total = 0;
  for (NSNumber* number in [NSSet setWithArray:@[ @1, @2, @2 ]]) total += number.unsignedIntegerValue;
  CHECK(total == 3);
  NSMutableArray* many = [NSMutableArray new];
  for (int i = 0; i < 1000; ++i) many[(NSUInteger)i] = @(i);
  int sum = 0;
  for (NSNumber* number in many) sum += number.intValue;
  CHECK(sum == 499500);
  BOOL caught = NO;
  @try {
    for (id item in many) {
      (void)item;
      [many removeLastObject];
    }
  } @catch (NSException* exception) {
    caught = [exception.reason containsString:@"was changed while a loop went over it"];
  }
  CHECK(caught);
  NSMutableDictionary* changing = [@{@"a" : @1} mutableCopy];
  changing[@"b"] = @2;
  changing[@"a"] = nil;
  CHECK(changing.count == 1 && changing[@"b"]);
}

static void test_foundation(void) {
  NSString* text = @"größe 😀.tar.gz";
  CHECK(text.length == 15 && [text hasSuffix:@".gz"] && [text hasPrefix:@"grö"]);
  CHECK([[text substringFromIndex:6] isEqual:@"😀.tar.gz"]);
  CHECK([text rangeOfString:@".tar"].location == 8);
  CHECK([[text pathExtension] isEqual:@"gz"]);
  CHECK([[@"/a/b.txt" stringByDeletingPathExtension] isEqual:@"/a/b"]);
  CHECK([[@"/a/" stringByAppendingPathComponent:@"c"] isEqual:@"/a/c"]);
  CHECK([[@"a,b,,c" componentsSeparatedByString:@","] count] == 4);
  CHECK([[@"  x y\n" stringByTrimmingCharactersInSet:[NSCharacterSet whitespaceAndNewlineCharacterSet]] isEqual:@"x y"]);
  NSString* format = [NSString stringWithFormat:@"%d %5.2f %s %@ %lu %x %% %c %-4@|", -3, 2.5, "c", @[ @1 ], 7ul, 255, 'z', @"k"];
  CHECK([format isEqual:@"-3  2.50 c (1) 7 ff % z k   |"]);
  CHECK([@"12abc" intValue] == 12 && [@" -0.5e1" doubleValue] == -5 && [@"yes" boolValue]);
  NSMutableString* building = [NSMutableString new];
  [building appendFormat:@"%@-%d", @"a", 1];
  [building insertString:@"<" atIndex:0];
  CHECK([building isEqual:@"<a-1"] && [[building copy] isEqual:building]);
  NSScanner* scanner = [NSScanner scannerWithString:@"  # include \"x.h\" 12"];
  NSString* name = nil;
  int number = 0;
  CHECK([scanner scanString:@"#" intoString:NULL] && [scanner scanString:@"include" intoString:NULL]);
  CHECK([scanner scanString:@"\"" intoString:NULL] && [scanner scanUpToString:@"\"" intoString:&name]);
  CHECK([name isEqual:@"x.h"] && [scanner scanString:@"\"" intoString:NULL]);
  CHECK([scanner scanInt:&number] && number == 12 && scanner.atEnd);

  NSString* folder = [NSTemporaryDirectory() stringByAppendingPathComponent:[NSString stringWithFormat:@"anvil-objc-%d", [[NSProcessInfo processInfo] processIdentifier]]];
  NSFileManager* files = [NSFileManager defaultManager];
  NSError* error = nil;
  CHECK([files createDirectoryAtPath:folder withIntermediateDirectories:YES attributes:nil error:&error]);
  NSString* file = [folder stringByAppendingPathComponent:@"text"];
  CHECK([@"content" writeToFile:file atomically:YES encoding:NSUTF8StringEncoding error:&error]);
  CHECK([[NSString stringWithContentsOfFile:file encoding:NSUTF8StringEncoding error:&error] isEqual:@"content"]);
  CHECK([[NSData dataWithContentsOfFile:file] length] == 7);
  NSURL* url = [NSURL fileURLWithPath:file];
  CHECK([[NSData dataWithContentsOfURL:url options:NSDataReadingMappedIfSafe error:&error] writeToURL:url options:NSDataWritingAtomic error:&error]);
  CHECK([[[NSData alloc] initWithContentsOfFile:file options:0 error:&error] length] == 7 && error == nil);
  CHECK([NSData dataWithContentsOfFile:@"/nowhere" options:0 error:&error] == nil && error.code == 2);
  CHECK(![[NSData data] writeToFile:@"/nowhere/file" options:0 error:&error] && [error.localizedDescription isEqual:@"/nowhere/file: No such file or directory"]);
  CHECK([[files attributesOfItemAtPath:file error:&error][NSFileSize] intValue] == 7);
  CHECK([NSString stringWithContentsOfFile:@"/nowhere" encoding:NSUTF8StringEncoding error:&error] == nil);
  CHECK([error.localizedDescription isEqual:@"/nowhere: No such file or directory"] && error.code == 2);
  CHECK([files removeItemAtPath:folder error:NULL] && ![files fileExistsAtPath:file]);
  CHECK([[NSBundle bundleForClass:[Node class]] bundlePath].absolutePath);

  NSMutableData* data = [NSMutableData dataWithLength:2];
  [data appendBytes:"abc" length:3];
  CHECK(data.length == 5 && memcmp((const char*)data.bytes + 2, "abc", 3) == 0);
  NSArray* sorted = [@[ @3, @1, @2 ] sortedArrayUsingComparator:^NSComparisonResult(NSNumber* a, NSNumber* b) { return [a compare:b]; }];
  CHECK([sorted isEqual:@[ @1, @2, @3 ]]);
  NSDate* date = [[NSDate alloc] initWithTimeIntervalSince1970:951782399];
  CHECK([date.description isEqual:@"2000-02-28 23:59:59 +0000"]);
  CHECK([[date dateByAddingTimeInterval:1].description isEqual:@"2000-02-29 00:00:00 +0000"]);
  NSLock* lock = [NSLock new];
  [lock lock];
  CHECK(![lock tryLock]);
  [lock unlock];
}

static void test_dispatch(void) {
  dispatch_queue_t serial = dispatch_queue_create("serial", DISPATCH_QUEUE_SERIAL);
  dispatch_group_t group = dispatch_group_create();
  NSMutableArray* order = [NSMutableArray new];
  for (int i = 0; i < 100; ++i) dispatch_group_async(group, serial, ^{ [order addObject:@(i)]; });
  CHECK(dispatch_group_wait(group, DISPATCH_TIME_FOREVER) == 0 && order.count == 100);
  for (NSUInteger i = 0; i < 100; ++i) CHECK([order[i] unsignedIntegerValue] == i);
  dispatch_queue_t concurrent = dispatch_queue_create("concurrent", DISPATCH_QUEUE_CONCURRENT);
  __block int sum = 0;
  NSLock* lock = [NSLock new];
  dispatch_apply(1000, concurrent, ^(size_t i) {
    [lock lock];
    sum += (int)i;
    [lock unlock];
  });
  CHECK(sum == 499500);
  dispatch_sync(serial, ^{ sum = 1; });
  CHECK(sum == 1);
  dispatch_barrier_sync(concurrent, ^{ sum = 2; });
  CHECK(sum == 2);
  static dispatch_once_t once;
  for (int i = 0; i < 3; ++i) dispatch_once(&once, ^{ ++sum; });
  CHECK(sum == 3);
  dispatch_semaphore_t semaphore = dispatch_semaphore_create(0);
  dispatch_after(dispatch_time(DISPATCH_TIME_NOW, 5 * NSEC_PER_MSEC), dispatch_get_global_queue(0, 0), ^{ dispatch_semaphore_signal(semaphore); });
  CHECK(dispatch_semaphore_wait(semaphore, DISPATCH_TIME_FOREVER) == 0);
  CHECK(dispatch_semaphore_wait(semaphore, dispatch_time(DISPATCH_TIME_NOW, NSEC_PER_MSEC)) != 0);
  // More waiting work than processors: who they wait for comes to its turn all the same.
  dispatch_group_t waiting = dispatch_group_create();
  for (int i = 0; i < 8; ++i) dispatch_group_async(waiting, concurrent, ^{ dispatch_semaphore_wait(semaphore, DISPATCH_TIME_FOREVER); });
  dispatch_group_async(waiting, concurrent, ^{ for (int i = 0; i < 8; ++i) dispatch_semaphore_signal(semaphore); });
  CHECK(dispatch_group_wait(waiting, dispatch_time(DISPATCH_TIME_NOW, 60 * NSEC_PER_SEC)) == 0);
  __block int notified = 0;
  dispatch_group_notify(waiting, serial, ^{ notified = 1; });
  dispatch_sync(serial, ^{});
  CHECK(notified == 1);
  dispatch_data_t data = dispatch_data_create("abcdef", 6, NULL, DISPATCH_DATA_DESTRUCTOR_DEFAULT);
  const void* bytes;
  size_t size;
  dispatch_data_t map = dispatch_data_create_map(dispatch_data_create_subrange(data, 1, 3), &bytes, &size);
  CHECK(map && size == 3 && memcmp(bytes, "bcd", 3) == 0);
}

void test_with_arc(void) {
  test_counting();
  @autoreleasepool {
    test_literals();
    test_foundation();
    test_dispatch();
  }
}
