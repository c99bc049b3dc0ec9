// Accessors that clang synthesises for properties.
#include <objc/arc.h>

#include <array>
#include <cstring>
#include <mutex>

#include "autorelease.hpp"
#include "runtime.hpp"

using namespace anvil::objc;

namespace {

/// Of atomic properties, by address.
std::mutex& lock_of(const void* place) {
  static auto& locks = *new std::array<std::mutex, 64>;
  return locks[(reinterpret_cast<uintptr_t>(place) >> 4) % locks.size()];
}

void set(id object, ptrdiff_t offset, id value, bool atomic, bool copy) {
  if (!object) return;
  id* place = reinterpret_cast<id*>(reinterpret_cast<char*>(object) + offset);
  if (copy && value) {
    static const SEL selector = sel_registerName("copy");
    value = send<id>(value, selector);
  } else {
    retain(value);
  }
  id before;
  if (atomic) {
    std::lock_guard lock(lock_of(place));
    before = std::exchange(*place, value);
  } else {
    before = std::exchange(*place, value);
  }
  release(before);
}

}  // namespace

extern "C" {

ANVIL_EXPORT id objc_getProperty(id object, SEL, ptrdiff_t offset, BOOL atomic) {
  if (!object) return nullptr;
  id* place = reinterpret_cast<id*>(reinterpret_cast<char*>(object) + offset);
  if (!atomic) return *place;
  id value;
  {
    std::lock_guard lock(lock_of(place));
    value = *place;
    retain(value);
  }
  autorelease(value);
  return value;
}
/// `copy` is 2 for -mutableCopy, which no compiler asks for.
ANVIL_EXPORT void objc_setProperty(id object, SEL, ptrdiff_t offset, id value, BOOL atomic,
                                   signed char copy) {
  set(object, offset, value, atomic, copy != 0);
}
ANVIL_EXPORT void objc_setProperty_atomic(id object, SEL, id value, ptrdiff_t offset) {
  set(object, offset, value, true, false);
}
ANVIL_EXPORT void objc_setProperty_nonatomic(id object, SEL, id value, ptrdiff_t offset) {
  set(object, offset, value, false, false);
}
ANVIL_EXPORT void objc_setProperty_atomic_copy(id object, SEL, id value, ptrdiff_t offset) {
  set(object, offset, value, true, true);
}
ANVIL_EXPORT void objc_setProperty_nonatomic_copy(id object, SEL, id value, ptrdiff_t offset) {
  set(object, offset, value, false, true);
}
ANVIL_EXPORT void objc_copyStruct(void* to, const void* from, ptrdiff_t size, BOOL atomic, BOOL) {
  if (!atomic) {
    std::memcpy(to, from, static_cast<size_t>(size));
    return;
  }
  std::mutex &first = lock_of(to), &second = lock_of(from);
  std::unique_lock one(first, std::defer_lock), two(second, std::defer_lock);
  if (&first == &second)
    one.lock();
  else
    std::lock(one, two);
  std::memcpy(to, from, static_cast<size_t>(size));
}
ANVIL_EXPORT void objc_getCppObjectAtomic(void* to, const void* from,
                                          void (*copy)(void*, const void*)) {
  std::lock_guard lock(lock_of(from));
  copy(to, from);
}
ANVIL_EXPORT void objc_setCppObjectAtomic(void* to, const void* from,
                                          void (*copy)(void*, const void*)) {
  std::lock_guard lock(lock_of(to));
  copy(to, from);
}

}  // extern "C"
