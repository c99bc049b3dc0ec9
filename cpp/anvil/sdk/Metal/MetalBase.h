// What the generated header stands on.
#pragma once

#include <CoreFoundation/CoreFoundation.h>
#include <CoreGraphics/CoreGraphics.h>
#include <Foundation/Foundation.h>
#include <IOSurface/IOSurfaceRef.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

@class NSUUID;

// metal-cpp leaves these out.
OBJC_EXTERN NSErrorDomain const MTLCaptureErrorDomain;
OBJC_EXTERN NSErrorDomain const MTLCommandBufferErrorDomain;
OBJC_EXTERN NSErrorDomain const MTLDynamicLibraryDomain;
OBJC_EXTERN NSErrorDomain const MTLLibraryErrorDomain;
