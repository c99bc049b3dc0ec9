#pragma once

#include <Foundation/NSString.h>

typedef unsigned char uuid_t[16];
@interface NSUUID : NSObject <NSCopying>
+ (instancetype)UUID;
- (instancetype)initWithUUIDString:(NSString*)string;
- (instancetype)initWithUUIDBytes:(const uuid_t)bytes;
- (void)getUUIDBytes:(uuid_t)bytes;
@property(readonly, copy) NSString* UUIDString;
- (NSComparisonResult)compare:(NSUUID*)other;
@end
