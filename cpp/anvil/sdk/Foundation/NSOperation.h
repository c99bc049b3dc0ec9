#pragma once

#include <Foundation/NSCollections.h>

typedef NS_ENUM(NSInteger, NSOperationQueuePriority) {
  NSOperationQueuePriorityVeryLow = -8,
  NSOperationQueuePriorityLow = -4,
  NSOperationQueuePriorityNormal = 0,
  NSOperationQueuePriorityHigh = 4,
  NSOperationQueuePriorityVeryHigh = 8,
};
/// Kept; work of all qualities is done alike.
typedef NS_ENUM(NSInteger, NSQualityOfService) {
  NSQualityOfServiceUserInteractive = 0x21,
  NSQualityOfServiceUserInitiated = 0x19,
  NSQualityOfServiceUtility = 0x11,
  NSQualityOfServiceBackground = 0x09,
  NSQualityOfServiceDefault = -1,
};
enum { NSOperationQueueDefaultMaxConcurrentOperationCount = -1 };

@interface NSOperation : NSObject
- (void)start;
- (void)main;
- (void)cancel;
@property(readonly, getter=isCancelled) BOOL cancelled;
@property(readonly, getter=isExecuting) BOOL executing;
@property(readonly, getter=isFinished) BOOL finished;
@property(readonly, getter=isConcurrent) BOOL concurrent;
@property(readonly, getter=isAsynchronous) BOOL asynchronous;
@property(readonly, getter=isReady) BOOL ready;
- (void)addDependency:(NSOperation*)operation;
- (void)removeDependency:(NSOperation*)operation;
@property(readonly, copy) NSArray<NSOperation*>* dependencies;
@property NSOperationQueuePriority queuePriority;
@property NSQualityOfService qualityOfService;
@property(copy) void (^completionBlock)(void);
- (void)waitUntilFinished;
@property(copy) NSString* name;
/// An operation that overrides -start tells its end so, for the key isFinished.
- (void)willChangeValueForKey:(NSString*)key;
- (void)didChangeValueForKey:(NSString*)key;
@end

@interface NSBlockOperation : NSOperation
+ (instancetype)blockOperationWithBlock:(void (^)(void))block;
- (void)addExecutionBlock:(void (^)(void))block;
@end

@interface NSOperationQueue : NSObject
@property(class, readonly, strong) NSOperationQueue* mainQueue;
@property(class, readonly, strong) NSOperationQueue* currentQueue;
- (void)addOperation:(NSOperation*)operation;
- (void)addOperationWithBlock:(void (^)(void))block;
- (void)addBarrierBlock:(void (^)(void))block;
- (void)addOperations:(NSArray<NSOperation*>*)operations waitUntilFinished:(BOOL)wait;
- (void)waitUntilAllOperationsAreFinished;
- (void)cancelAllOperations;
@property NSInteger maxConcurrentOperationCount;
@property(getter=isSuspended) BOOL suspended;
@property NSQualityOfService qualityOfService;
@property(readonly) NSUInteger operationCount;
@property(readonly, copy) NSArray<NSOperation*>* operations;
@property(copy) NSString* name;
@end
