// The runtime from C++: messages, and questions about classes.
#pragma once

#include <objc/message.h>
#include <objc/runtime.h>

#include <string>

#include "object.hpp"

#define ANVIL_EXPORT __attribute__((visibility("default")))

/// What every selector without a method leads to.
extern "C" [[noreturn]] ANVIL_EXPORT void anvil_objc_forward(objc_object* self, SEL selector);

namespace anvil::objc {

/// Whether objects of the class answer the selector.
bool responds(Class cls, SEL selector);
/// "-[Class selector]", or "+[Class selector]" for a class object: how errors name a method.
std::string method_name(const objc_object* receiver, SEL selector);

/// [receiver selector: args]. R must fit in registers.
template <class R, class... Args>
R send(const objc_object* receiver, SEL selector, Args... args) {
  return reinterpret_cast<R (*)(const objc_object*, SEL, Args...)>(&objc_msgSend)(
      receiver, selector, args...);
}

/// Calls a method by its code. A compiler of Objective-C gave that a type of its own.
template <class R>
__attribute__((no_sanitize("function"))) R call(IMP code, objc_object* receiver, SEL selector) {
  return reinterpret_cast<R (*)(objc_object*, SEL)>(code)(receiver, selector);
}

}  // namespace anvil::objc
