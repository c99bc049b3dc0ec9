// The types of CoreFoundation that Metal's interfaces name, and what Apple's header brings along.
#pragma once

#include <Availability.h>
#include <TargetConditionals.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <dispatch/dispatch.h>

typedef const void* CFTypeRef;
typedef const struct __CFString* CFStringRef;
typedef const struct __CFArray* CFArrayRef;
typedef const struct __CFDictionary* CFDictionaryRef;
typedef const struct __CFAllocator* CFAllocatorRef;
typedef double CFTimeInterval;
typedef CFTimeInterval CFAbsoluteTime;
typedef unsigned long CFTypeID;
typedef unsigned long CFHashCode;
typedef long CFIndex;
typedef unsigned char Boolean;
typedef int32_t OSStatus;

#ifdef __cplusplus
extern "C" {
#endif
CFTypeRef CFRetain(CFTypeRef object) ANVIL_OBJC_NAME(CFRetain);
void CFRelease(CFTypeRef object) ANVIL_OBJC_NAME(CFRelease);
CFAbsoluteTime CFAbsoluteTimeGetCurrent(void) ANVIL_OBJC_NAME(CFAbsoluteTimeGetCurrent);
#ifdef __cplusplus
}
#endif
#define CFSTR(text) ((CFStringRef)__builtin___CFStringMakeConstantString("" text ""))
