// Sending messages: entry points that metal-cpp casts to the type of the method it calls.
#pragma once

#include <objc/runtime.h>

// clang defines this name on Apple only; metal-cpp asks for it to pick the calling convention.
#if defined(__aarch64__) && !defined(__arm64__)
#define __arm64__ 1
#endif

#ifdef __cplusplus
extern "C" {
#endif

void objc_msgSend(void) ANVIL_OBJC_NAME(objc_msgSend);
#if defined(__x86_64__)
void objc_msgSend_stret(void) ANVIL_OBJC_NAME(objc_msgSend_stret);
void objc_msgSend_fpret(void) ANVIL_OBJC_NAME(objc_msgSend_fpret);
#endif

#ifdef __cplusplus
}
#endif
