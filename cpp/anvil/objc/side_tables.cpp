// What is known of objects outside of them: weak references, associated objects, locks of
// @synchronized.
#include <objc/arc.h>

#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "autorelease.hpp"
#include "instances.hpp"
#include "runtime.hpp"

namespace anvil::objc {
namespace {

struct Association {
  objc_object* value;
  bool owned;
};

struct SideTables {
  std::mutex mutex;
  std::unordered_map<objc_object*, std::set<id*>> weak;
  std::unordered_map<objc_object*, std::map<const void*, Association>> associated;
  static SideTables& get() {
    static SideTables& tables = *new SideTables;
    return tables;
  }
};

/// The object, if it is of a kind that ends.
Object* counted(objc_object* object) {
  return object && object->isa->info->reclaim ? static_cast<Object*>(object) : nullptr;
}

void forget_place(SideTables& tables, id* place) {
  const auto found = *place ? tables.weak.find(*place) : tables.weak.end();
  if (found == tables.weak.end()) return;
  found->second.erase(place);
  if (found->second.empty()) tables.weak.erase(found);
}

/// The caller holds the lock.
id note_place(SideTables& tables, id* place, id object) {
  Object* mortal = counted(object);
  if (mortal && !retain_if_alive(mortal)) {
    *place = nullptr;
    return nullptr;
  }
  *place = object;
  if (mortal) {
    mortal->known_elsewhere.store(1, std::memory_order_relaxed);
    tables.weak[object].insert(place);
  }
  return object;
}

/// What note_place() retained meanwhile; outside of the lock, as it may be the last reference.
id noted(id object) {
  if (counted(object)) release(object);
  return object;
}

}  // namespace

void forget_object(Object* object) {
  SideTables& tables = SideTables::get();
  std::map<const void*, Association> associated;
  {
    std::lock_guard lock(tables.mutex);
    if (auto found = tables.weak.find(object); found != tables.weak.end()) {
      for (id* place : found->second) *place = nullptr;
      tables.weak.erase(found);
    }
    if (auto found = tables.associated.find(object); found != tables.associated.end()) {
      associated = std::move(found->second);
      tables.associated.erase(found);
    }
  }
  for (const auto& [key, association] : associated)
    if (association.owned) release(association.value);
}

}  // namespace anvil::objc

using namespace anvil::objc;

extern "C" {

ANVIL_EXPORT id objc_initWeak(id* place, id object) {
  SideTables& tables = SideTables::get();
  std::unique_lock lock(tables.mutex);
  object = note_place(tables, place, object);
  lock.unlock();
  return noted(object);
}
ANVIL_EXPORT id objc_storeWeak(id* place, id object) {
  SideTables& tables = SideTables::get();
  std::unique_lock lock(tables.mutex);
  forget_place(tables, place);
  object = note_place(tables, place, object);
  lock.unlock();
  return noted(object);
}
ANVIL_EXPORT id objc_loadWeakRetained(id* place) {
  std::lock_guard lock(SideTables::get().mutex);
  const id object = *place;
  Object* mortal = counted(object);
  return !mortal || retain_if_alive(mortal) ? object : nullptr;
}
ANVIL_EXPORT id objc_loadWeak(id* place) {
  const id object = objc_loadWeakRetained(place);
  autorelease(object);
  return object;
}
ANVIL_EXPORT void objc_destroyWeak(id* place) {
  SideTables& tables = SideTables::get();
  std::lock_guard lock(tables.mutex);
  forget_place(tables, place);
  *place = nullptr;
}
ANVIL_EXPORT void objc_copyWeak(id* to, id* from) {
  const id object = objc_loadWeakRetained(from);
  objc_initWeak(to, object);
  release(object);
}
ANVIL_EXPORT void objc_moveWeak(id* to, id* from) {
  objc_copyWeak(to, from);
  objc_destroyWeak(from);
}

ANVIL_EXPORT id objc_getAssociatedObject(id object, const void* key) {
  SideTables& tables = SideTables::get();
  std::unique_lock lock(tables.mutex);
  const auto found = tables.associated.find(object);
  if (found == tables.associated.end()) return nullptr;
  const auto entry = found->second.find(key);
  if (entry == found->second.end()) return nullptr;
  const Association association = entry->second;
  if (association.owned) retain(association.value);
  lock.unlock();
  if (association.owned) autorelease(association.value);
  return association.value;
}
ANVIL_EXPORT void objc_setAssociatedObject(id object, const void* key, id value,
                                           objc_AssociationPolicy policy) {
  if (!object) return;
  const bool copy = (policy & 0xff) == OBJC_ASSOCIATION_COPY_NONATOMIC;
  const bool owned = policy != OBJC_ASSOCIATION_ASSIGN;
  if (value && copy) {
    static const SEL selector = sel_registerName("copy");
    value = send<id>(value, selector);
  } else if (owned) {
    retain(value);
  }
  if (Object* mortal = counted(object)) mortal->known_elsewhere.store(1, std::memory_order_relaxed);
  SideTables& tables = SideTables::get();
  std::unique_lock lock(tables.mutex);
  auto& of_object = tables.associated[object];
  Association before{nullptr, false};
  if (const auto entry = of_object.find(key); entry != of_object.end()) {
    before = entry->second;
    of_object.erase(entry);
  }
  if (value) of_object.emplace(key, Association{value, owned});
  if (of_object.empty()) tables.associated.erase(object);
  lock.unlock();
  if (before.owned) release(before.value);
}
ANVIL_EXPORT void objc_removeAssociatedObjects(id object) {
  SideTables& tables = SideTables::get();
  std::unique_lock lock(tables.mutex);
  auto of_object = tables.associated.extract(object);
  lock.unlock();
  if (of_object)
    for (const auto& [key, association] : of_object.mapped())
      if (association.owned) release(association.value);
}

}  // extern "C"

namespace {

/// Of an object while somebody is inside, or waits, at @synchronized.
struct Monitor {
  std::recursive_mutex mutex;
  size_t users = 0;
};
std::mutex& monitors_mutex = *new std::mutex;
auto& monitors = *new std::unordered_map<id, std::unique_ptr<Monitor>>;

}  // namespace

extern "C" {

ANVIL_EXPORT int objc_sync_enter(id object) {
  if (!object) return 0;
  std::unique_lock lock(monitors_mutex);
  auto& entry = monitors[object];
  if (!entry) entry = std::make_unique<Monitor>();
  Monitor* monitor = entry.get();
  ++monitor->users;
  lock.unlock();
  monitor->mutex.lock();
  return 0;
}
ANVIL_EXPORT int objc_sync_exit(id object) {
  if (!object) return 0;
  std::lock_guard lock(monitors_mutex);
  const auto found = monitors.find(object);
  if (found == monitors.end()) return -1;  // OBJC_SYNC_NOT_OWNING_THREAD_ERROR
  found->second->mutex.unlock();
  if (--found->second->users == 0) monitors.erase(found);
  return 0;
}

}  // extern "C"
