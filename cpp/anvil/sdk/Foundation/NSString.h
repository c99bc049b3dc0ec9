#pragma once

#include <Foundation/NSEnumerator.h>
#include <Foundation/NSRange.h>

typedef unsigned short unichar;
typedef NS_OPTIONS(NSUInteger, NSStringCompareOptions) {
  NSCaseInsensitiveSearch = 1,
  NSLiteralSearch = 2,
  NSBackwardsSearch = 4,
  NSAnchoredSearch = 8,
};
typedef NSUInteger NSStringEncoding;
enum {
  NSASCIIStringEncoding = 1,
  NSUTF8StringEncoding = 4,
  NSISOLatin1StringEncoding = 5,
  NSUTF16StringEncoding = 10,
  NSUnicodeStringEncoding = 10,
};
@class NSCharacterSet;

@interface NSString : NSObject <NSCopying, NSMutableCopying>
@property(readonly) NSUInteger length;
- (unichar)characterAtIndex:(NSUInteger)index;
- (void)getCharacters:(unichar*)buffer range:(NSRange)range;

+ (instancetype)string;
+ (instancetype)stringWithString:(NSString*)string;
+ (instancetype)stringWithUTF8String:(const char*)bytes;
+ (instancetype)stringWithCString:(const char*)bytes encoding:(NSStringEncoding)encoding;
+ (instancetype)stringWithCharacters:(const unichar*)characters length:(NSUInteger)length;
+ (instancetype)stringWithFormat:(NSString*)format, ... NS_FORMAT_FUNCTION(1, 2);
+ (instancetype)stringWithContentsOfFile:(NSString*)path
                                encoding:(NSStringEncoding)encoding
                                   error:(NSError**)error;
+ (instancetype)stringWithContentsOfURL:(NSURL*)url
                               encoding:(NSStringEncoding)encoding
                                  error:(NSError**)error;
- (instancetype)initWithString:(NSString*)string;
- (instancetype)initWithUTF8String:(const char*)bytes;
- (instancetype)initWithCString:(const char*)bytes encoding:(NSStringEncoding)encoding;
- (instancetype)initWithCharacters:(const unichar*)characters length:(NSUInteger)length;
- (instancetype)initWithBytes:(const void*)bytes
                       length:(NSUInteger)length
                     encoding:(NSStringEncoding)encoding;
- (instancetype)initWithBytesNoCopy:(void*)bytes
                             length:(NSUInteger)length
                           encoding:(NSStringEncoding)encoding
                       freeWhenDone:(BOOL)free;
- (instancetype)initWithData:(NSData*)data encoding:(NSStringEncoding)encoding;
- (instancetype)initWithFormat:(NSString*)format, ... NS_FORMAT_FUNCTION(1, 2);
- (instancetype)initWithFormat:(NSString*)format arguments:(va_list)arguments;
- (instancetype)initWithContentsOfFile:(NSString*)path
                              encoding:(NSStringEncoding)encoding
                                 error:(NSError**)error;

@property(readonly) const char* UTF8String;
- (const char*)cStringUsingEncoding:(NSStringEncoding)encoding;
- (BOOL)getCString:(char*)buffer maxLength:(NSUInteger)length encoding:(NSStringEncoding)encoding;
- (NSUInteger)lengthOfBytesUsingEncoding:(NSStringEncoding)encoding;
- (NSUInteger)maximumLengthOfBytesUsingEncoding:(NSStringEncoding)encoding;
- (NSData*)dataUsingEncoding:(NSStringEncoding)encoding;
- (BOOL)writeToFile:(NSString*)path
         atomically:(BOOL)atomically
           encoding:(NSStringEncoding)encoding
              error:(NSError**)error;

- (BOOL)isEqualToString:(NSString*)string;
- (NSComparisonResult)compare:(NSString*)string;
- (NSComparisonResult)caseInsensitiveCompare:(NSString*)string;
- (BOOL)hasPrefix:(NSString*)prefix;
- (BOOL)hasSuffix:(NSString*)suffix;
- (BOOL)containsString:(NSString*)string;
- (BOOL)localizedCaseInsensitiveContainsString:(NSString*)string;
- (NSRange)rangeOfString:(NSString*)string;
- (NSRange)rangeOfString:(NSString*)string options:(NSStringCompareOptions)options;
- (NSRange)rangeOfCharacterFromSet:(NSCharacterSet*)set;

- (NSString*)substringFromIndex:(NSUInteger)index;
- (NSString*)substringToIndex:(NSUInteger)index;
- (NSString*)substringWithRange:(NSRange)range;
- (NSString*)stringByAppendingString:(NSString*)string;
- (NSString*)stringByAppendingFormat:(NSString*)format, ... NS_FORMAT_FUNCTION(1, 2);
- (NSString*)stringByReplacingOccurrencesOfString:(NSString*)string withString:(NSString*)other;
- (NSString*)stringByReplacingCharactersInRange:(NSRange)range withString:(NSString*)other;
- (NSString*)stringByTrimmingCharactersInSet:(NSCharacterSet*)set;
- (NSArray<NSString*>*)componentsSeparatedByString:(NSString*)separator;
- (NSArray<NSString*>*)componentsSeparatedByCharactersInSet:(NSCharacterSet*)set;
@property(readonly, copy) NSString* uppercaseString;
@property(readonly, copy) NSString* lowercaseString;
@property(readonly) int intValue;
@property(readonly) NSInteger integerValue;
@property(readonly) long long longLongValue;
@property(readonly) float floatValue;
@property(readonly) double doubleValue;
@property(readonly) BOOL boolValue;

@property(readonly) const char* fileSystemRepresentation;
@property(readonly, getter=isAbsolutePath) BOOL absolutePath;
@property(readonly, copy) NSString* lastPathComponent;
@property(readonly, copy) NSString* pathExtension;
@property(readonly, copy) NSArray<NSString*>* pathComponents;
@property(readonly, copy) NSString* stringByDeletingLastPathComponent;
@property(readonly, copy) NSString* stringByDeletingPathExtension;
@property(readonly, copy) NSString* stringByStandardizingPath;
@property(readonly, copy) NSString* stringByExpandingTildeInPath;
@property(readonly, copy) NSString* stringByResolvingSymlinksInPath;
- (NSString*)stringByAppendingPathComponent:(NSString*)component;
- (NSString*)stringByAppendingPathExtension:(NSString*)extension;
+ (NSString*)pathWithComponents:(NSArray<NSString*>*)components;
@end

@interface NSMutableString : NSString
+ (instancetype)stringWithCapacity:(NSUInteger)capacity;
- (instancetype)initWithCapacity:(NSUInteger)capacity;
- (void)appendString:(NSString*)string;
- (void)appendFormat:(NSString*)format, ... NS_FORMAT_FUNCTION(1, 2);
- (void)setString:(NSString*)string;
- (void)insertString:(NSString*)string atIndex:(NSUInteger)index;
- (void)deleteCharactersInRange:(NSRange)range;
- (void)replaceCharactersInRange:(NSRange)range withString:(NSString*)string;
@end

// What @"..." is.
@interface NSConstantString : NSString
@end

OBJC_EXTERN NSString* NSTemporaryDirectory(void) ANVIL_OBJC_NAME(NSTemporaryDirectory);
OBJC_EXTERN NSString* NSHomeDirectory(void) ANVIL_OBJC_NAME(NSHomeDirectory);

@interface NSCharacterSet : NSObject <NSCopying>
@property(class, readonly, strong) NSCharacterSet* whitespaceCharacterSet;
@property(class, readonly, strong) NSCharacterSet* whitespaceAndNewlineCharacterSet;
@property(class, readonly, strong) NSCharacterSet* newlineCharacterSet;
@property(class, readonly, strong) NSCharacterSet* decimalDigitCharacterSet;
@property(class, readonly, strong) NSCharacterSet* alphanumericCharacterSet;
+ (instancetype)characterSetWithCharactersInString:(NSString*)string;
@property(readonly, copy) NSCharacterSet* invertedSet;
- (BOOL)characterIsMember:(unichar)character;
@end

@interface NSScanner : NSObject
+ (instancetype)scannerWithString:(NSString*)string;
- (instancetype)initWithString:(NSString*)string;
@property(readonly, copy) NSString* string;
@property NSUInteger scanLocation;
@property(copy) NSCharacterSet* charactersToBeSkipped;
@property(readonly, getter=isAtEnd) BOOL atEnd;
- (BOOL)scanString:(NSString*)string intoString:(NSString**)result;
- (BOOL)scanUpToString:(NSString*)string intoString:(NSString**)result;
- (BOOL)scanInt:(int*)result;
- (BOOL)scanInteger:(NSInteger*)result;
- (BOOL)scanDouble:(double*)result;
@end
