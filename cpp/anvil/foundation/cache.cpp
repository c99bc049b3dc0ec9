// NSCache: a dictionary for several threads, which may let go of what it holds.
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <Foundation/NSTypes.hpp>

#include "anvil/foundation/string.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

using Any = objc::Ref<objc_object>;

struct Entry {
  Any key, value;
  NS::UInteger cost;
};

struct Cache : objc::Object {
  using Super = RootObject;

  std::mutex mutex;          // guards entries, places and cost
  std::list<Entry> entries;  ///< the one used last first
  std::unordered_map<const objc_object*, std::list<Entry>::iterator, HashObject, EqualObjects>
      places;
  NS::UInteger cost = 0;
  objc::Ref<String> name;
  std::atomic<NS::UInteger> count_limit = 0, cost_limit = 0;  ///< 0: none
  std::atomic<objc_object*> delegate = nullptr;               ///< not held
};

/// Into `removed`: what ends there may look at the cache.
void take(Cache* self, std::list<Entry>::iterator entry, std::list<Entry>& removed) {
  self->places.erase(entry->key.get());
  self->cost -= entry->cost;
  removed.splice(removed.end(), self->entries, entry);
}
bool too_much(const Cache* self) {
  return !self->entries.empty() &&
         ((self->count_limit && self->entries.size() > self->count_limit) ||
          (self->cost_limit && self->cost > self->cost_limit));
}
/// Those used longest ago go first.
void evict(Cache* self) {
  std::list<Entry> evicted;
  {
    std::lock_guard lock(self->mutex);
    while (too_much(self)) take(self, std::prev(self->entries.end()), evicted);
  }
  static const SEL selector = sel_registerName("cache:willEvictObject:");
  objc_object* const delegate = self->delegate;
  if (!delegate || !objc::responds(delegate->isa, selector)) return;
  for (const Entry& entry : evicted)
    objc::send<void>(delegate, selector, static_cast<objc_object*>(self), entry.value.get());
}

objc_object* find(Cache* self, const objc_object* key) {
  if (!key) return nullptr;
  std::lock_guard lock(self->mutex);
  const auto found = self->places.find(key);
  if (found == self->places.end()) return nullptr;
  self->entries.splice(self->entries.begin(), self->entries, found->second);
  return Any(found->second->value).autoreleased();
}
void set_with_cost(Cache* self, objc_object* value, objc_object* key, NS::UInteger cost) {
  if (!value || !key)
    throw InvalidUse(std::string("-[NSCache setObject:forKey:]: nil ") + (key ? "value" : "key"));
  std::list<Entry> replaced;
  {
    std::lock_guard lock(self->mutex);
    if (const auto found = self->places.find(key); found != self->places.end())
      take(self, found->second, replaced);
    self->entries.push_front({Any(key), Any(value), cost});
    self->places.emplace(key, self->entries.begin());
    self->cost += cost;
  }
  evict(self);
}
void set(Cache* self, objc_object* value, objc_object* key) {
  set_with_cost(self, value, key, 0);
}
void remove(Cache* self, const objc_object* key) {
  std::list<Entry> removed;
  std::lock_guard lock(self->mutex);
  const auto found = key ? self->places.find(key) : self->places.end();
  if (found != self->places.end()) take(self, found->second, removed);
}
void remove_all(Cache* self) {
  std::list<Entry> removed;
  std::lock_guard lock(self->mutex);
  self->places.clear();
  self->cost = 0;
  removed.swap(self->entries);
}
template <std::atomic<NS::UInteger> Cache::* Limit>
NS::UInteger limit(const Cache* self) {
  return self->*Limit;
}
template <std::atomic<NS::UInteger> Cache::* Limit>
void set_limit(Cache* self, NS::UInteger limit) {
  self->*Limit = limit;
  evict(self);
}
objc_object* delegate(const Cache* self) {
  return self->delegate;
}
void set_delegate(Cache* self, objc_object* delegate) {
  self->delegate = delegate;
}

ANVIL_OBJC_CLASS_DEFINITION<Cache> cache_definition{
    "NSCache",
    {
        objc::function<&find>("objectForKey:"),
        objc::function<&set>("setObject:forKey:"),
        objc::function<&set_with_cost>("setObject:forKey:cost:"),
        objc::function<&remove>("removeObjectForKey:"),
        objc::function<&remove_all>("removeAllObjects"),
        objc::property<&Cache::name>("name", "setName:"),
        objc::function<&limit<&Cache::count_limit>>("countLimit"),
        objc::function<&set_limit<&Cache::count_limit>>("setCountLimit:"),
        objc::function<&limit<&Cache::cost_limit>>("totalCostLimit"),
        objc::function<&set_limit<&Cache::cost_limit>>("setTotalCostLimit:"),
        objc::function<&delegate>("delegate"),
        objc::function<&set_delegate>("setDelegate:"),
    }};

}  // namespace
}  // namespace anvil
