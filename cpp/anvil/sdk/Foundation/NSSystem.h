// Files, bundles, the process, threads and locks.
#pragma once

#include <Foundation/NSValue.h>

@interface NSURL : NSObject <NSCopying>
+ (instancetype)URLWithString:(NSString*)string;
+ (NSURL*)fileURLWithPath:(NSString*)path;
+ (NSURL*)fileURLWithPath:(NSString*)path isDirectory:(BOOL)directory;
- (instancetype)initWithString:(NSString*)string;
- (instancetype)initFileURLWithPath:(NSString*)path;
@property(readonly, copy) NSString* absoluteString;
@property(readonly, copy) NSString* path;
@property(readonly, copy) NSString* lastPathComponent;
@property(readonly, copy) NSString* pathExtension;
@property(readonly, copy) NSURL* URLByDeletingLastPathComponent;
- (NSURL*)URLByAppendingPathComponent:(NSString*)component;
@property(readonly, getter=isFileURL) BOOL fileURL;
@property(readonly) const char* fileSystemRepresentation;
@end

@interface NSBundle : NSObject
@property(class, readonly, strong) NSBundle* mainBundle;
+ (NSBundle*)bundleForClass:(Class)cls;
+ (instancetype)bundleWithPath:(NSString*)path;
+ (instancetype)bundleWithURL:(NSURL*)url;
- (instancetype)initWithPath:(NSString*)path;
@property(readonly, copy) NSString* bundlePath;
@property(readonly, copy) NSURL* bundleURL;
@property(readonly, copy) NSString* resourcePath;
@property(readonly, copy) NSURL* resourceURL;
@property(readonly, copy) NSString* executablePath;
@property(readonly, copy) NSString* bundleIdentifier;
@property(readonly, copy) NSDictionary<NSString*, id>* infoDictionary;
- (NSString*)pathForResource:(NSString*)name ofType:(NSString*)extension;
- (NSURL*)URLForResource:(NSString*)name withExtension:(NSString*)extension;
@end

typedef struct {
  NSInteger majorVersion;
  NSInteger minorVersion;
  NSInteger patchVersion;
} NSOperatingSystemVersion;
@interface NSProcessInfo : NSObject
@property(class, readonly, strong) NSProcessInfo* processInfo;
@property(readonly, copy) NSDictionary<NSString*, NSString*>* environment;
@property(readonly, copy) NSArray<NSString*>* arguments;
@property(readonly, copy) NSString* hostName;
@property(copy) NSString* processName;
@property(readonly) int processIdentifier;
@property(readonly) NSOperatingSystemVersion operatingSystemVersion;
@property(readonly, copy) NSString* operatingSystemVersionString;
@property(readonly) NSUInteger processorCount;
@property(readonly) NSUInteger activeProcessorCount;
@property(readonly) unsigned long long physicalMemory;
@property(readonly) NSTimeInterval systemUptime;
@property(readonly, getter=isLowPowerModeEnabled) BOOL lowPowerModeEnabled;
@end

typedef NSString* NSFileAttributeKey;
typedef NSString* NSFileAttributeType;
OBJC_EXTERN NSFileAttributeKey const NSFileType;
OBJC_EXTERN NSFileAttributeKey const NSFileSize;
OBJC_EXTERN NSFileAttributeType const NSFileTypeDirectory;
OBJC_EXTERN NSFileAttributeType const NSFileTypeRegular;
OBJC_EXTERN NSFileAttributeType const NSFileTypeSymbolicLink;
OBJC_EXTERN NSFileAttributeType const NSFileTypeUnknown;
@interface NSFileManager : NSObject
@property(class, readonly, strong) NSFileManager* defaultManager;
@property(readonly, copy) NSString* currentDirectoryPath;
- (BOOL)fileExistsAtPath:(NSString*)path;
- (BOOL)fileExistsAtPath:(NSString*)path isDirectory:(BOOL*)directory;
- (BOOL)isReadableFileAtPath:(NSString*)path;
- (BOOL)isWritableFileAtPath:(NSString*)path;
- (BOOL)isExecutableFileAtPath:(NSString*)path;
- (NSData*)contentsAtPath:(NSString*)path;
- (BOOL)createFileAtPath:(NSString*)path
                contents:(NSData*)data
              attributes:(NSDictionary<NSFileAttributeKey, id>*)attributes;
- (BOOL)createDirectoryAtPath:(NSString*)path
    withIntermediateDirectories:(BOOL)intermediate
                     attributes:(NSDictionary<NSFileAttributeKey, id>*)attributes
                          error:(NSError**)error;
- (BOOL)removeItemAtPath:(NSString*)path error:(NSError**)error;
- (NSArray<NSString*>*)contentsOfDirectoryAtPath:(NSString*)path error:(NSError**)error;
- (NSDictionary<NSFileAttributeKey, id>*)attributesOfItemAtPath:(NSString*)path
                                                          error:(NSError**)error;
- (NSString*)destinationOfSymbolicLinkAtPath:(NSString*)path error:(NSError**)error;
@end

@protocol NSLocking
- (void)lock;
- (void)unlock;
@end
@interface NSLock : NSObject <NSLocking>
- (BOOL)tryLock;
- (BOOL)lockBeforeDate:(NSDate*)limit;
@property(copy) NSString* name;
@end
@interface NSRecursiveLock : NSObject <NSLocking>
- (BOOL)tryLock;
- (BOOL)lockBeforeDate:(NSDate*)limit;
@property(copy) NSString* name;
@end
@interface NSCondition : NSObject <NSLocking>
- (void)wait;
- (BOOL)waitUntilDate:(NSDate*)limit;
- (void)signal;
- (void)broadcast;
@end

@interface NSThread : NSObject
@property(class, readonly) BOOL isMainThread;
@property(class, readonly, strong) NSThread* currentThread;
@property(class, readonly, strong) NSThread* mainThread;
+ (void)sleepForTimeInterval:(NSTimeInterval)seconds;
+ (void)sleepUntilDate:(NSDate*)date;
+ (void)detachNewThreadWithBlock:(void (^)(void))block;
+ (void)detachNewThreadSelector:(SEL)selector toTarget:(id)target withObject:(id)argument;
- (instancetype)initWithBlock:(void (^)(void))block;
- (instancetype)initWithTarget:(id)target selector:(SEL)selector object:(id)argument;
- (void)main;
- (void)start;
- (void)cancel;
@property(readonly) BOOL isMainThread;
@property(readonly, getter=isExecuting) BOOL executing;
@property(readonly, getter=isFinished) BOOL finished;
@property(readonly, getter=isCancelled) BOOL cancelled;
@property(copy) NSString* name;
@property(readonly, retain) NSMutableDictionary* threadDictionary;
@end

__attribute__((objc_arc_weak_reference_unavailable))
@interface NSAutoreleasePool : NSObject
- (void)drain;
- (void)addObject:(id)object;
@end
