// The types of the Objective-C runtime; off Apple, Anvil's own (cpp/anvil/objc).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Off Apple the functions carry names of Anvil's, so that another Objective-C runtime in the
// process neither answers for this one nor is answered for by it. libanvil-objc has Apple's names.
#if defined(__APPLE__)
#define ANVIL_OBJC_NAME(name)
#else
#define ANVIL_OBJC_NAME(name) __asm__("anvil_" #name)
#endif

// Without a deployment target metal-cpp looks the frameworks' constants up by name at run time.
// Here and not on the command line: other headers take the second macro for a sign of macOS.
#if !defined(__APPLE__) && !defined(__MAC_26_0)
#define __MAC_26_0 260000
#define __MAC_OS_X_VERSION_MIN_REQUIRED 260000
#endif

#ifdef __cplusplus
#define OBJC_EXTERN extern "C"
#else
#define OBJC_EXTERN extern
#endif
#define OBJC_EXPORT OBJC_EXTERN

typedef struct objc_class* Class;
typedef struct objc_selector* SEL;
struct objc_object {
  Class isa;
};
typedef struct objc_object* id;
typedef void (*IMP)(void);

typedef bool BOOL;
#define OBJC_BOOL_IS_BOOL 1
#ifdef __OBJC__
#define YES __objc_yes
#define NO __objc_no
#else
#define YES ((BOOL)1)
#define NO ((BOOL)0)
#endif

#ifdef __cplusplus
#define Nil nullptr
#define nil nullptr
#else
#define Nil ((void*)0)
#define nil ((void*)0)
#endif

OBJC_EXTERN SEL sel_registerName(const char* name) ANVIL_OBJC_NAME(sel_registerName);
OBJC_EXTERN SEL sel_getUid(const char* name) ANVIL_OBJC_NAME(sel_getUid);
OBJC_EXTERN const char* sel_getName(SEL selector) ANVIL_OBJC_NAME(sel_getName);
OBJC_EXTERN BOOL sel_isMapped(SEL selector) ANVIL_OBJC_NAME(sel_isMapped);
OBJC_EXTERN const char* object_getClassName(id object) ANVIL_OBJC_NAME(object_getClassName);

#ifdef __OBJC__
#include <objc/image.h>
#endif
