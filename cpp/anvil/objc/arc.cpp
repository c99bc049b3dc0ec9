// Automatic reference counting: what clang's code calls (<objc/arc.h>).
#include <objc/arc.h>

#include "autorelease.hpp"
#include "block.hpp"
#include "cast.hpp"
#include "instances.hpp"
#include "runtime.hpp"

using namespace anvil::objc;

namespace {

/// Classes may have allocators of their own.
id allocate(Class cls) {
  static const SEL alloc = sel_registerName("alloc");
  return send<id>(cls, alloc);
}

}  // namespace

extern "C" {

ANVIL_EXPORT id objc_alloc(Class cls) {
  return allocate(cls);
}
ANVIL_EXPORT id objc_allocWithZone(Class cls) {
  return allocate(cls);
}
ANVIL_EXPORT id objc_alloc_init(Class cls) {
  static const SEL init = sel_registerName("init");
  return send<id>(allocate(cls), init);
}
ANVIL_EXPORT id objc_opt_new(Class cls) {
  static const SEL selector = sel_registerName("new");
  return send<id>(cls, selector);
}
ANVIL_EXPORT id objc_opt_self(id object) {
  static const SEL selector = sel_registerName("self");
  return send<id>(object, selector);
}
ANVIL_EXPORT Class objc_opt_class(id object) {
  static const SEL selector = sel_registerName("class");
  return send<Class>(object, selector);
}
ANVIL_EXPORT BOOL objc_opt_isKindOfClass(id object, Class cls) {
  static const SEL selector = sel_registerName("isKindOfClass:");
  return send<BOOL>(object, selector, cls);
}
ANVIL_EXPORT BOOL objc_opt_respondsToSelector(id object, SEL asked) {
  static const SEL selector = sel_registerName("respondsToSelector:");
  return send<BOOL>(object, selector, asked);
}

ANVIL_EXPORT id objc_retain(id object) {
  retain(object);
  return object;
}
ANVIL_EXPORT void objc_release(id object) {
  release(object);
}
ANVIL_EXPORT id objc_autorelease(id object) {
  autorelease(object);
  return object;
}
ANVIL_EXPORT id objc_retainAutorelease(id object) {
  return objc_autorelease(objc_retain(object));
}
// Methods end in a jump to the first two, and callers go on with a call of the others: all see the
// caller's stack.
ANVIL_EXPORT id objc_retainAutoreleaseReturnValue(id object) {
  autorelease_returned(objc_retain(object), __builtin_frame_address(0));
  return object;
}
ANVIL_EXPORT id objc_autoreleaseReturnValue(id object) {
  autorelease_returned(object, __builtin_frame_address(0));
  return object;
}
ANVIL_EXPORT id objc_retainAutoreleasedReturnValue(id object) {
  return take_returned(object, __builtin_frame_address(0)) ? object : objc_retain(object);
}
ANVIL_EXPORT id objc_claimAutoreleasedReturnValue(id object) {
  return take_returned(object, __builtin_frame_address(0)) ? object : objc_retain(object);
}
ANVIL_EXPORT id objc_unsafeClaimAutoreleasedReturnValue(id object) {
  if (take_returned(object, __builtin_frame_address(0))) release(object);
  return object;
}
ANVIL_EXPORT id objc_retainBlock(id block) {
  return static_cast<id>(_Block_copy(block));
}
ANVIL_EXPORT void objc_storeStrong(id* place, id object) {
  const id before = *place;
  if (before == object) return;
  retain(object);
  *place = object;
  release(before);
}
/// A token is never null.
ANVIL_EXPORT void* objc_autoreleasePoolPush() {
  return reinterpret_cast<void*>(push_pool() + 1);
}
ANVIL_EXPORT void objc_autoreleasePoolPop(void* pool) {
  pop_pool(reinterpret_cast<size_t>(pool) - 1);
}

}  // extern "C"
