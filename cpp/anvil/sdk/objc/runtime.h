// The Objective-C runtime as metal-cpp sees it; off Apple, Anvil's own (cpp/anvil/objc).
#pragma once

// Off Apple the functions carry names of Anvil's, so that another Objective-C runtime in the
// process neither answers for this one nor is answered for by it.
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
extern "C" {
#endif

typedef struct objc_class* Class;
typedef struct objc_selector* SEL;
typedef struct objc_object Protocol;

struct objc_object {
  Class isa;
};
typedef struct objc_object* id;

/// The one selector of that name; selectors compare as pointers.
SEL sel_registerName(const char* name) ANVIL_OBJC_NAME(sel_registerName);
const char* sel_getName(SEL selector) ANVIL_OBJC_NAME(sel_getName);
/// Null if there is no such class.
Class objc_lookUpClass(const char* name) ANVIL_OBJC_NAME(objc_lookUpClass);
/// Null if there is no such protocol.
Protocol* objc_getProtocol(const char* name) ANVIL_OBJC_NAME(objc_getProtocol);
const char* class_getName(Class cls) ANVIL_OBJC_NAME(class_getName);

#ifdef __cplusplus
}
#endif
