// Foundation's types and macros.
#pragma once

#include <Availability.h>
#include <TargetConditionals.h>
#include <assert.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <objc/NSObject.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FOUNDATION_EXTERN OBJC_EXTERN
#define FOUNDATION_EXPORT OBJC_EXTERN
#define NS_INLINE static inline
#define NS_RETURNS_RETAINED __attribute__((ns_returns_retained))
#define NS_FORMAT_FUNCTION(text, first) __attribute__((format(NSString, text, first)))
#define NS_REQUIRES_NIL_TERMINATION __attribute__((sentinel(0, 1)))
#define NS_DESIGNATED_INITIALIZER
#define NS_UNAVAILABLE __attribute__((unavailable))
#define NS_ASSUME_NONNULL_BEGIN _Pragma("clang assume_nonnull begin")
#define NS_ASSUME_NONNULL_END _Pragma("clang assume_nonnull end")
#define NS_NOESCAPE __attribute__((noescape))
#define NS_SWIFT_NAME(name)
#define NS_REFINED_FOR_SWIFT
#define NS_ROOT_CLASS __attribute__((objc_root_class))
#define NS_REQUIRES_SUPER __attribute__((objc_requires_super))
#define NS_ENUM(type, name) \
  enum name : type name;    \
  enum name : type
#define NS_CLOSED_ENUM(type, name) NS_ENUM(type, name)
#ifdef __cplusplus
// There | of two enumerators is a number, and so is 0, which such a parameter is to take.
#define NS_OPTIONS(type, name) \
  type name;                   \
  enum : name
#else
#define NS_OPTIONS(type, name) NS_ENUM(type, name)
#endif
#define NS_ERROR_ENUM(domain, name) NS_ENUM(NSInteger, name)
#define NS_TYPED_ENUM
#define NS_STRING_ENUM
#define NS_EXTENSIBLE_STRING_ENUM
// Not __nonnull: glibc has a macro of that name.
#define __nullable _Nullable
#define __null_unspecified _Null_unspecified

#define NSIntegerMax LONG_MAX
#define NSIntegerMin LONG_MIN
#define NSUIntegerMax ULONG_MAX
enum : NSInteger { NSNotFound = NSIntegerMax };
#define NSFoundationVersionNumber 4000.0

#ifndef MIN
#define MIN(a, b)           \
  __extension__({           \
    __typeof__(a) a_ = (a); \
    __typeof__(b) b_ = (b); \
    a_ < b_ ? a_ : b_;      \
  })
#define MAX(a, b)           \
  __extension__({           \
    __typeof__(a) a_ = (a); \
    __typeof__(b) b_ = (b); \
    a_ < b_ ? b_ : a_;      \
  })
#define ABS(a)              \
  __extension__({           \
    __typeof__(a) a_ = (a); \
    a_ < 0 ? -a_ : a_;      \
  })
#endif

typedef double NSTimeInterval;
typedef NS_ENUM(NSInteger, NSComparisonResult) {
  NSOrderedAscending = -1,
  NSOrderedSame,
  NSOrderedDescending
};
typedef NSComparisonResult (^NSComparator)(id first, id second);
typedef NS_OPTIONS(NSUInteger, NSEnumerationOptions) {
  NSEnumerationConcurrent = 1,
  NSEnumerationReverse = 2
};

@class NSString, NSError, NSData, NSURL, NSDate, NSBundle;
@class NSArray<__covariant ObjectType>;
@class NSDictionary<__covariant KeyType, __covariant ObjectType>;

OBJC_EXTERN void NSLog(NSString* format, ...) ANVIL_OBJC_NAME(NSLog) NS_FORMAT_FUNCTION(1, 2);
OBJC_EXTERN void NSLogv(NSString* format, va_list arguments) ANVIL_OBJC_NAME(NSLogv);
OBJC_EXTERN NSString* NSStringFromClass(Class cls) ANVIL_OBJC_NAME(NSStringFromClass);
OBJC_EXTERN NSString* NSStringFromSelector(SEL selector) ANVIL_OBJC_NAME(NSStringFromSelector);
OBJC_EXTERN Class NSClassFromString(NSString* name) ANVIL_OBJC_NAME(NSClassFromString);
OBJC_EXTERN SEL NSSelectorFromString(NSString* name) ANVIL_OBJC_NAME(NSSelectorFromString);

#define NSAssert(condition, format, ...)                           \
  do {                                                             \
    if (!(condition)) {                                            \
      NSLog(@"%s:%d: " format, __FILE__, __LINE__, ##__VA_ARGS__); \
      abort();                                                     \
    }                                                              \
  } while (0)
#define NSCAssert NSAssert
#define NSParameterAssert(condition) NSAssert(condition, @"invalid parameter: " #condition)
#define NSCParameterAssert NSParameterAssert
