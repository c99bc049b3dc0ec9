// Sending messages: entry points to be cast to the type of the method that is called.
#pragma once

#include <objc/objc.h>
#include <objc/runtime.h>

// clang defines this name on Apple only; metal-cpp asks for it to pick the calling convention.
#if defined(__aarch64__) && !defined(__arm64__)
#define __arm64__ 1
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct objc_super {
  id receiver;
  Class super_class;
};

void objc_msgSend(void) ANVIL_OBJC_NAME(objc_msgSend);
void objc_msgSendSuper(void) ANVIL_OBJC_NAME(objc_msgSendSuper);
void objc_msgSendSuper2(void) ANVIL_OBJC_NAME(objc_msgSendSuper2);
#if defined(__x86_64__)
void objc_msgSend_stret(void) ANVIL_OBJC_NAME(objc_msgSend_stret);
void objc_msgSend_fpret(void) ANVIL_OBJC_NAME(objc_msgSend_fpret);
void objc_msgSend_fp2ret(void) ANVIL_OBJC_NAME(objc_msgSend_fp2ret);
void objc_msgSendSuper_stret(void) ANVIL_OBJC_NAME(objc_msgSendSuper_stret);
void objc_msgSendSuper2_stret(void) ANVIL_OBJC_NAME(objc_msgSendSuper2_stret);
#endif

#ifdef __cplusplus
}
#endif
