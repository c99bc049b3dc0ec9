// NSValue, NSNumber, NSNull, NSData, NSDate, NSError, NSException.
#pragma once

#include <Foundation/NSCollections.h>

@interface NSValue : NSObject <NSCopying>
+ (NSValue*)valueWithBytes:(const void*)value objCType:(const char*)type;
+ (NSValue*)valueWithPointer:(const void*)pointer;
- (instancetype)initWithBytes:(const void*)value objCType:(const char*)type;
- (void)getValue:(void*)value size:(NSUInteger)size;
@property(readonly) const char* objCType;
@property(readonly) void* pointerValue;
- (BOOL)isEqualToValue:(NSValue*)value;
@end

@interface NSNumber : NSValue
#define ANVIL_NUMBER(type, Name, name)         \
  +(NSNumber*)numberWith##Name : (type)value;  \
  -(instancetype)initWith##Name : (type)value; \
  @property(readonly) type name##Value
ANVIL_NUMBER(char, Char, char);
ANVIL_NUMBER(unsigned char, UnsignedChar, unsignedChar);
ANVIL_NUMBER(short, Short, short);
ANVIL_NUMBER(unsigned short, UnsignedShort, unsignedShort);
ANVIL_NUMBER(int, Int, int);
ANVIL_NUMBER(unsigned int, UnsignedInt, unsignedInt);
ANVIL_NUMBER(long, Long, long);
ANVIL_NUMBER(unsigned long, UnsignedLong, unsignedLong);
ANVIL_NUMBER(long long, LongLong, longLong);
ANVIL_NUMBER(unsigned long long, UnsignedLongLong, unsignedLongLong);
ANVIL_NUMBER(float, Float, float);
ANVIL_NUMBER(double, Double, double);
ANVIL_NUMBER(BOOL, Bool, bool);
ANVIL_NUMBER(NSInteger, Integer, integer);
ANVIL_NUMBER(NSUInteger, UnsignedInteger, unsignedInteger);
#undef ANVIL_NUMBER
@property(readonly, copy) NSString* stringValue;
- (NSComparisonResult)compare:(NSNumber*)number;
- (BOOL)isEqualToNumber:(NSNumber*)number;
@end

@interface NSNull : NSObject <NSCopying>
+ (NSNull*)null;
@end

typedef NS_OPTIONS(NSUInteger, NSDataReadingOptions) {
  NSDataReadingMappedIfSafe = 1,
  NSDataReadingUncached = 2,
  NSDataReadingMappedAlways = 8
};
typedef NS_OPTIONS(NSUInteger, NSDataWritingOptions) { NSDataWritingAtomic = 1 };
@interface NSData : NSObject <NSCopying, NSMutableCopying>
@property(readonly) NSUInteger length;
@property(readonly) const void* bytes;
+ (instancetype)data;
+ (instancetype)dataWithBytes:(const void*)bytes length:(NSUInteger)length;
+ (instancetype)dataWithBytesNoCopy:(void*)bytes length:(NSUInteger)length;
+ (instancetype)dataWithBytesNoCopy:(void*)bytes length:(NSUInteger)length freeWhenDone:(BOOL)free;
+ (instancetype)dataWithData:(NSData*)data;
+ (instancetype)dataWithContentsOfFile:(NSString*)path;
+ (instancetype)dataWithContentsOfURL:(NSURL*)url;
+ (instancetype)dataWithContentsOfFile:(NSString*)path
                               options:(NSDataReadingOptions)options
                                 error:(NSError**)error;
+ (instancetype)dataWithContentsOfURL:(NSURL*)url
                              options:(NSDataReadingOptions)options
                                error:(NSError**)error;
- (instancetype)initWithBytes:(const void*)bytes length:(NSUInteger)length;
- (instancetype)initWithBytesNoCopy:(void*)bytes length:(NSUInteger)length freeWhenDone:(BOOL)free;
- (instancetype)initWithData:(NSData*)data;
- (instancetype)initWithContentsOfFile:(NSString*)path;
- (instancetype)initWithContentsOfURL:(NSURL*)url;
- (instancetype)initWithContentsOfFile:(NSString*)path
                               options:(NSDataReadingOptions)options
                                 error:(NSError**)error;
- (instancetype)initWithContentsOfURL:(NSURL*)url
                              options:(NSDataReadingOptions)options
                                error:(NSError**)error;
- (void)getBytes:(void*)buffer length:(NSUInteger)length;
- (void)getBytes:(void*)buffer range:(NSRange)range;
- (NSData*)subdataWithRange:(NSRange)range;
- (BOOL)isEqualToData:(NSData*)data;
- (BOOL)writeToFile:(NSString*)path atomically:(BOOL)atomically;
- (BOOL)writeToURL:(NSURL*)url atomically:(BOOL)atomically;
- (BOOL)writeToFile:(NSString*)path options:(NSDataWritingOptions)options error:(NSError**)error;
- (BOOL)writeToURL:(NSURL*)url options:(NSDataWritingOptions)options error:(NSError**)error;
@end

@interface NSMutableData : NSData
+ (instancetype)dataWithCapacity:(NSUInteger)capacity;
+ (instancetype)dataWithLength:(NSUInteger)length;
- (instancetype)initWithLength:(NSUInteger)length;
- (instancetype)initWithCapacity:(NSUInteger)capacity;
@property NSUInteger length;
@property(readonly) void* mutableBytes;
- (void)appendBytes:(const void*)bytes length:(NSUInteger)length;
- (void)appendData:(NSData*)data;
- (void)increaseLengthBy:(NSUInteger)length;
@end

@interface NSDate : NSObject <NSCopying>
+ (instancetype)date;
+ (instancetype)dateWithTimeIntervalSinceNow:(NSTimeInterval)seconds;
+ (instancetype)dateWithTimeIntervalSince1970:(NSTimeInterval)seconds;
+ (NSTimeInterval)timeIntervalSinceReferenceDate;
- (instancetype)initWithTimeIntervalSince1970:(NSTimeInterval)seconds;
- (instancetype)initWithTimeIntervalSinceNow:(NSTimeInterval)seconds;
@property(class, readonly, copy) NSDate* distantFuture;
@property(class, readonly, copy) NSDate* distantPast;
@property(readonly) NSTimeInterval timeIntervalSinceNow;
@property(readonly) NSTimeInterval timeIntervalSince1970;
@property(readonly) NSTimeInterval timeIntervalSinceReferenceDate;
- (NSTimeInterval)timeIntervalSinceDate:(NSDate*)date;
- (instancetype)dateByAddingTimeInterval:(NSTimeInterval)seconds;
- (BOOL)isEqualToDate:(NSDate*)date;
- (NSComparisonResult)compare:(NSDate*)date;
@end

typedef NSString* NSErrorDomain;
typedef NSString* NSErrorUserInfoKey;
OBJC_EXTERN NSErrorDomain const NSCocoaErrorDomain;
OBJC_EXTERN NSErrorDomain const NSPOSIXErrorDomain;
OBJC_EXTERN NSErrorDomain const NSOSStatusErrorDomain;
OBJC_EXTERN NSErrorDomain const NSMachErrorDomain;
OBJC_EXTERN NSErrorUserInfoKey const NSUnderlyingErrorKey;
OBJC_EXTERN NSErrorUserInfoKey const NSLocalizedDescriptionKey;
OBJC_EXTERN NSErrorUserInfoKey const NSLocalizedFailureReasonErrorKey;
OBJC_EXTERN NSErrorUserInfoKey const NSLocalizedRecoverySuggestionErrorKey;
OBJC_EXTERN NSErrorUserInfoKey const NSLocalizedRecoveryOptionsErrorKey;
OBJC_EXTERN NSErrorUserInfoKey const NSDebugDescriptionErrorKey;
OBJC_EXTERN NSErrorUserInfoKey const NSFilePathErrorKey;
OBJC_EXTERN NSErrorUserInfoKey const NSURLErrorKey;
@interface NSError : NSObject <NSCopying>
+ (instancetype)errorWithDomain:(NSErrorDomain)domain
                           code:(NSInteger)code
                       userInfo:(NSDictionary<NSErrorUserInfoKey, id>*)info;
- (instancetype)initWithDomain:(NSErrorDomain)domain
                          code:(NSInteger)code
                      userInfo:(NSDictionary<NSErrorUserInfoKey, id>*)info;
@property(readonly, copy) NSErrorDomain domain;
@property(readonly) NSInteger code;
@property(readonly, copy) NSDictionary<NSErrorUserInfoKey, id>* userInfo;
@property(readonly, copy) NSString* localizedDescription;
@property(readonly, copy) NSString* localizedFailureReason;
@property(readonly, copy) NSString* localizedRecoverySuggestion;
@property(readonly, copy) NSArray<NSString*>* localizedRecoveryOptions;
@end

typedef NSString* NSExceptionName;
OBJC_EXTERN NSExceptionName const NSGenericException;
OBJC_EXTERN NSExceptionName const NSRangeException;
OBJC_EXTERN NSExceptionName const NSInvalidArgumentException;
OBJC_EXTERN NSExceptionName const NSInternalInconsistencyException;
__attribute__((objc_exception))
@interface NSException : NSObject<NSCopying>
+ (NSException*)exceptionWithName:(NSExceptionName)name
                           reason:(NSString*)reason
                         userInfo:(NSDictionary*)info;
+ (void)raise:(NSExceptionName)name
       format:(NSString*)format, ... NS_FORMAT_FUNCTION(2, 3)__attribute__((noreturn));
- (instancetype)initWithName:(NSExceptionName)name
                      reason:(NSString*)reason
                    userInfo:(NSDictionary*)info;
@property(readonly, copy) NSExceptionName name;
@property(readonly, copy) NSString* reason;
@property(readonly, copy) NSDictionary* userInfo;
- (void)raise __attribute__((noreturn));
@end
