// Foundation's tables, caches, notifications, UUIDs and defaults.
#import <Foundation/Foundation.h>

#import "check.h"

static NSString* reason_of(void (^work)(void)) {
  @try {
    work();
  } @catch (NSException* exception) {
    return exception.reason;
  }
  return nil;
}

static void test_uuids(void) {
  // The system's own, as an oracle of what text means.
  NSString* line = [NSString stringWithContentsOfFile:@"/proc/sys/kernel/random/uuid" encoding:NSUTF8StringEncoding error:NULL];
  NSString* text = [line substringToIndex:36];
  NSUUID* theirs = [[NSUUID alloc] initWithUUIDString:text];
  CHECK([theirs.UUIDString isEqual:text.uppercaseString]);
  uuid_t bytes;
  [theirs getUUIDBytes:bytes];
  char digits[3];
  snprintf(digits, sizeof digits, "%02x", bytes[4]);
  CHECK([[text substringWithRange:NSMakeRange(9, 2)] isEqual:@(digits)]);
  NSUUID* same = [[NSUUID alloc] initWithUUIDBytes:bytes];
  CHECK([same isEqual:theirs] && same.hash == theirs.hash && [same compare:theirs] == NSOrderedSame);
  NSMutableSet* all = [NSMutableSet set];
  for (int i = 0; i < 1000; ++i) {
    NSUUID* made = i % 2 ? [NSUUID UUID] : [NSUUID new];
    [made getUUIDBytes:bytes];
    CHECK(bytes[6] >> 4 == 4 && bytes[8] >> 6 == 2);
    [all addObject:made];
  }
  CHECK(all.count == 1000);
  for (NSString* wrong in @[ @"", @"x", [text substringToIndex:35], [text stringByAppendingString:@"0"], [text stringByReplacingOccurrencesOfString:@"-" withString:@"0"], [@"g" stringByAppendingString:[text substringFromIndex:1]] ])
    CHECK([[NSUUID alloc] initWithUUIDString:wrong] == nil);
}

static void test_tables(void) {
  NSMapTable* weak_values = [NSMapTable strongToWeakObjectsMapTable];
  NSMapTable* weak_keys = [NSMapTable weakToStrongObjectsMapTable];
  NSHashTable* listeners = [NSHashTable weakObjectsHashTable];
  NSObject* stays = [NSObject new];
  @autoreleasepool {
    NSObject* goes = [NSObject new];
    [weak_values setObject:goes forKey:@"goes"];
    [weak_values setObject:stays forKey:@"stays"];
    [weak_keys setObject:@1 forKey:goes];
    [weak_keys setObject:@2 forKey:stays];
    [listeners addObject:goes];
    [listeners addObject:stays];
    [listeners addObject:stays];
    CHECK(weak_values.count == 2 && weak_keys.count == 2 && listeners.count == 2);
    CHECK([[weak_keys objectForKey:goes] isEqual:@1] && [listeners containsObject:goes]);
  }
  CHECK(weak_values.count == 1 && weak_keys.count == 1 && [listeners.allObjects isEqual:@[ stays ]]);
  CHECK([weak_values objectForKey:@"goes"] == nil && [weak_values objectForKey:@"stays"] == stays);
  CHECK([[[weak_keys objectEnumerator] allObjects] isEqual:@[ @2 ]] && listeners.anyObject == stays);
  NSUInteger seen = 0;
  for (id listener in listeners) seen += listener == stays;
  for (id key in weak_keys) seen += key == stays;
  CHECK(seen == 2);
  [listeners removeObject:stays];
  CHECK(listeners.count == 0 && [listeners member:stays] == nil);

  NSMapTable* table = [NSMapTable strongToStrongObjectsMapTable];
  for (int i = 0; i < 1000; ++i) [table setObject:@(i) forKey:@(i % 100)];
  CHECK(table.count == 100 && [[table objectForKey:@7] isEqual:@907]);
  [table removeObjectForKey:@7];
  [table setObject:nil forKey:@8];
  CHECK(table.count == 98 && ![table objectForKey:@7] && table.dictionaryRepresentation.count == 98);
  // By pointer: equal keys are two.
  NSMapTable* pointers = [NSMapTable mapTableWithKeyOptions:NSMapTableObjectPointerPersonality valueOptions:NSMapTableStrongMemory];
  NSMutableString *one = [@"key" mutableCopy], *other = [@"key" mutableCopy];
  [pointers setObject:@1 forKey:one];
  [pointers setObject:@2 forKey:other];
  CHECK(pointers.count == 2 && [[pointers objectForKey:one] isEqual:@1]);
  NSMapTable* copies = [NSMapTable mapTableWithKeyOptions:NSMapTableCopyIn valueOptions:NSMapTableStrongMemory];
  [copies setObject:@1 forKey:one];
  [one appendString:@"s"];
  CHECK([[copies objectForKey:@"key"] isEqual:@1]);
  CHECK([reason_of(^{ (void)[NSHashTable hashTableWithOptions:2]; }) isEqual:@"-[NSHashTable initWithOptions:capacity:]: unsupported options 2; supported: strong or weak memory, objects by value or by pointer, copy-in"]);
}

@interface Evictions : NSObject <NSCacheDelegate>
@property NSMutableArray* objects;
@end
@implementation Evictions
- (void)cache:(NSCache*)cache willEvictObject:(id)object {
  CHECK([cache.name isEqual:@"pipelines"]);
  [self.objects addObject:object];
}
@end

static void test_caches(void) {
  NSCache<NSString*, NSNumber*>* cache = [NSCache new];
  Evictions* evictions = [Evictions new];
  evictions.objects = [NSMutableArray new];
  cache.name = @"pipelines";
  cache.delegate = evictions;
  NSMutableString* key = [@"a" mutableCopy];
  [cache setObject:@1 forKey:key];  // keys are not copied
  [key setString:@"a"];
  [cache setObject:@2 forKey:@"b" cost:10];
  [cache setObject:@3 forKey:@"c" cost:20];
  CHECK([[cache objectForKey:@"a"] isEqual:@1] && [cache objectForKey:@"d"] == nil && evictions.objects.count == 0);
  cache.countLimit = 2;  // "b" was used longest ago
  CHECK([evictions.objects isEqual:@[ @2 ]] && ![cache objectForKey:@"b"] && [cache objectForKey:@"c"]);
  cache.totalCostLimit = 25;
  [cache setObject:@4 forKey:@"d" cost:10];
  CHECK([[cache objectForKey:@"d"] isEqual:@4] && ![cache objectForKey:@"a"] && ![cache objectForKey:@"c"]);
  [cache setObject:@5 forKey:@"d" cost:1];
  CHECK([[cache objectForKey:@"d"] isEqual:@5]);
  [cache removeObjectForKey:@"d"];
  CHECK(![cache objectForKey:@"d"] && evictions.objects.count == 3);
  cache.delegate = nil;  // a mutable array is one thread's
  dispatch_apply(8, dispatch_get_global_queue(0, 0), ^(size_t thread) {
    for (int i = 0; i < 200; ++i) {
      [cache setObject:@(i) forKey:[NSString stringWithFormat:@"%d", i % 5]];
      (void)[[cache objectForKey:[NSString stringWithFormat:@"%zu", thread % 5]] intValue];
    }
  });
  [cache removeAllObjects];
  CHECK(![cache objectForKey:@"0"]);
  static NSCache* refusing;  // what a block captures stays behind when an exception leaves it
  refusing = cache;
  CHECK([reason_of(^{ [refusing setObject:(id _Nonnull)nil forKey:@"a"]; }) isEqual:@"-[NSCache setObject:forKey:]: nil value"]);
  refusing = nil;
}

static NSMutableArray* heard;
@interface Listener : NSObject
@end
@implementation Listener
- (void)hear:(NSNotification*)notification {
  [heard addObject:[NSString stringWithFormat:@"%@ %@", notification.name, notification.userInfo[@"by"]]];
}
- (void)dealloc {
  [[NSNotificationCenter defaultCenter] removeObserver:self];
}
@end

static void test_notifications(void) {
  NSNotificationCenter* center = [NSNotificationCenter defaultCenter];
  heard = [NSMutableArray new];
  NSObject* sender = [NSObject new];
  @autoreleasepool {
    Listener *any = [Listener new], *particular = [Listener new];
    [center addObserver:any selector:@selector(hear:) name:nil object:nil];
    [center addObserver:particular selector:@selector(hear:) name:@"done" object:sender];
    id token = [center addObserverForName:@"done" object:nil queue:nil usingBlock:^(NSNotification* notification) {
      [heard addObject:notification.object ?: @"nobody's"];
    }];
    [center postNotificationName:@"done" object:nil];
    CHECK([heard isEqual:@[ @"done (null)", @"nobody's" ]]);
    [heard removeAllObjects];
    [center postNotificationName:@"done" object:sender userInfo:@{@"by" : @"me"}];
    CHECK([heard isEqual:@[ @"done me", @"done me", sender ]]);
    [heard removeAllObjects];
    [center removeObserver:token];
    [center removeObserver:any name:@"other" object:nil];
    [center postNotification:[NSNotification notificationWithName:@"other" object:sender]];
    CHECK([heard isEqual:@[ @"other (null)" ]]);
    [heard removeAllObjects];
    [center removeObserver:particular name:@"done" object:sender];
    [center postNotificationName:@"done" object:sender];
    CHECK([heard isEqual:@[ @"done (null)" ]]);
    [heard removeAllObjects];
  }
  [center postNotificationName:@"done" object:sender];  // who listened is gone
  CHECK(heard.count == 0);
  heard = nil;
}

void test_defaults(void) {
  NSUserDefaults* defaults = [NSUserDefaults standardUserDefaults];
  [defaults registerDefaults:@{@"threads" : @4, @"name" : @"registered"}];
  CHECK([defaults integerForKey:@"threads"] == 4 && ![defaults boolForKey:@"none"] && [defaults objectForKey:@"none"] == nil);
  [defaults setInteger:8 forKey:@"threads"];
  [defaults setBool:YES forKey:@"on"];
  [defaults setFloat:0.5f forKey:@"half"];
  [defaults setObject:@"12.5" forKey:@"text"];
  CHECK([defaults integerForKey:@"threads"] == 8 && [defaults boolForKey:@"on"] && [defaults floatForKey:@"half"] == 0.5f);
  CHECK([defaults doubleForKey:@"text"] == 12.5 && [[defaults stringForKey:@"threads"] isEqual:@"8"] && [defaults arrayForKey:@"text"] == nil);
  [defaults removeObjectForKey:@"threads"];
  CHECK([defaults integerForKey:@"threads"] == 4 && [[defaults dictionaryRepresentation][@"name"] isEqual:@"registered"] && [defaults synchronize]);
}

@interface Worker : NSThread
@property int result;
@end
@implementation Worker
- (void)main {
  self.result = [NSThread currentThread] == self && ![NSThread isMainThread] && !self.isMainThread && self.isExecuting;
}
- (void)note:(NSMutableArray*)list {
  @synchronized(list) {
    [list addObject:[NSThread currentThread].name ?: @"no name"];
  }
}
@end

static void wait_for(NSThread* thread) {
  while (!thread.isFinished) [NSThread sleepForTimeInterval:0.001];
}

static void test_threads(void) {
  CHECK([NSThread isMainThread] && [NSThread currentThread] == [NSThread mainThread] && [NSThread mainThread].isMainThread);
  Worker* worker = [Worker new];
  CHECK(!worker.isExecuting && !worker.isFinished);
  [worker start];
  wait_for(worker);
  CHECK(worker.result == 1 && !worker.isExecuting);
  static Worker* started;  // not captured, as above
  started = worker;
  CHECK([reason_of(^{ [started start]; }) isEqual:@"-[NSThread start]: attempt to start the thread again"]);
  started = nil;
  NSMutableArray* list = [NSMutableArray new];
  NSThread* thread = [[NSThread alloc] initWithTarget:worker selector:@selector(note:) object:list];
  thread.name = @"a name of more than fifteen letters";
  [thread start];
  wait_for(thread);
  CHECK([list isEqual:@[ thread.name ]]);
  dispatch_semaphore_t done = dispatch_semaphore_create(0);
  thread = [[NSThread alloc] initWithBlock:^{
    [NSThread currentThread].threadDictionary[@"own"] = list;
    dispatch_semaphore_signal(done);
  }];
  [thread start];
  dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
  CHECK(thread.threadDictionary[@"own"] == list && [NSThread mainThread].threadDictionary.count == 0);
  __block NSThread* theirs = nil;
  dispatch_sync(dispatch_queue_create("queue", NULL), ^{ theirs = [NSThread currentThread]; });
  CHECK(theirs != nil);
  wait_for(thread);
}

void test_services(void) {
  @autoreleasepool {
    test_uuids();
    test_tables();
    test_caches();
    test_notifications();
    test_threads();
  }
}
