// NSMapTable and NSHashTable: collections that say whether they hold what is in them.
#include <algorithm>
#include <list>
#include <unordered_map>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/made.hpp"
#include "anvil/foundation/slot.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

using Any = objc::Ref<objc_object>;

// NSPointerFunctionsOptions, as far as they are about objects.
constexpr NS::UInteger kStrong = 0, kWeak = 5, kByPointer = 1 << 9, kCopied = 1 << 16;

Slot::Holds holds(NS::UInteger options) {
  return (options & kWeak) == kWeak ? Slot::Holds::weakly
         : options & kCopied        ? Slot::Holds::copy
                                    : Slot::Holds::strongly;
}

struct Entry {
  Entry(size_t hash, objc_object* key, NS::UInteger key_options, objc_object* value,
        NS::UInteger value_options)
      : hash(hash), key(key, holds(key_options)), value(value, holds(value_options)) {}

  const size_t hash;
  Slot key, value;
};

/// In order of insertion. What has a key or a value that ended is none any more.
class Table {
 public:
  NS::UInteger key_options = kStrong, value_options = kStrong;

  Any find(objc_object* key) { return value_of(place_of(key)); }
  Any find_key(objc_object* key) {
    const auto place = place_of(key);
    return place == entries_.end() ? Any() : place->key.get();
  }
  void set(objc_object* key, objc_object* value) {
    std::list<Entry> gone;
    purge(gone);
    take(place_of(key), gone);
    entries_.emplace_back(hash(key), key, key_options, value, value_options);
    index_.emplace(entries_.back().hash, std::prev(entries_.end()));
  }
  void remove(objc_object* key) {
    std::list<Entry> gone;
    take(place_of(key), gone);
  }
  void clear() {
    std::list<Entry> gone;
    index_.clear();
    gone.swap(entries_);
  }
  /// Keys and values that are there.
  std::vector<std::pair<Any, Any>> all() {
    std::vector<std::pair<Any, Any>> pairs;
    for (Entry& entry : entries_)
      if (Any key = entry.key.get(), value = entry.value.get(); key && value)
        pairs.emplace_back(std::move(key), std::move(value));
    return pairs;
  }

 private:
  using Place = std::list<Entry>::iterator;

  size_t hash(const objc_object* key) const {
    return key_options & kByPointer ? std::hash<const void*>{}(key) : hash_of(key);
  }
  Place place_of(objc_object* key) {
    if (!key) return entries_.end();
    const auto [first, last] = index_.equal_range(hash(key));
    for (auto it = first; it != last; ++it) {
      const Any known = it->second->key.get();
      if (known.get() == key || (!(key_options & kByPointer) && is_equal(known.get(), key)))
        return it->second;
    }
    return entries_.end();
  }
  Any value_of(Place place) { return place == entries_.end() ? Any() : place->value.get(); }
  /// Into a list that ends when the table is in order again.
  void take(Place place, std::list<Entry>& gone) {
    if (place == entries_.end()) return;
    const auto [first, last] = index_.equal_range(place->hash);
    index_.erase(std::find_if(first, last, [&](const auto& at) { return at.second == place; }));
    gone.splice(gone.end(), entries_, place);
  }
  void purge(std::list<Entry>& gone) {
    if (((key_options | value_options) & kWeak) != kWeak) return;
    for (Place place = entries_.begin(); place != entries_.end();) {
      const Place entry = place++;
      if (!entry->key.get() || !entry->value.get()) take(entry, gone);
    }
  }

  std::list<Entry> entries_;
  std::unordered_multimap<size_t, Place> index_;
};

std::string options_refusal(const char* method, NS::UInteger options) {
  const NS::UInteger memory = options & 0xff, rest = options & ~NS::UInteger{0xff};
  if ((memory == kStrong || memory == kWeak) && (rest & ~(kByPointer | kCopied)) == 0) return {};
  return std::string(method) + ": unsupported options " + std::to_string(options) +
         "; supported: strong or weak memory, objects by value or by pointer, copy-in";
}
void check_options(const char* method, NS::UInteger options) {
  if (const std::string why = options_refusal(method, options); !why.empty()) throw InvalidUse(why);
}

Objects keys_of(Table& table) {
  Objects keys;
  for (auto& [key, value] : table.all()) keys.push_back(std::move(key));
  return keys;
}
Objects values_of(Table& table) {
  Objects values;
  for (auto& [key, value] : table.all()) values.push_back(std::move(value));
  return values;
}
template <Objects (*Of)(Table&)>
Enumerator* enumerator(Table& table) {
  return objc::make<Enumerator>(objc::make<Array>(Of(table))).autoreleased();
}
/// Fast enumeration of the keys: of an array of them, which the pool keeps.
NS::UInteger fill_keys(Table& table, NS::FastEnumerationState* state, objc_object** buffer,
                       NS::UInteger length) {
  static unsigned long never_mutated = 0;
  if (state->state == 0)
    state->extra[0] =
        reinterpret_cast<unsigned long>(objc::make<Array>(keys_of(table)).autoreleased());
  return enumerate(reinterpret_cast<Array*>(state->extra[0])->items, &never_mutated, state, buffer,
                   length);
}

struct MapTable : objc::Object {
  using Super = RootObject;

  Table table;
};

MapTable* init_map(MapTable* self, NS::UInteger keys, NS::UInteger values, NS::UInteger) {
  constexpr const char* kMethod = "-[NSMapTable initWithKeyOptions:valueOptions:capacity:]";
  check_options(kMethod, keys);
  check_options(kMethod, values);
  self->table.key_options = keys;
  self->table.value_options = values;
  return self;
}
MapTable* with_options(objc_class* cls, NS::UInteger keys, NS::UInteger values) {
  return init_map(make_of<MapTable>(cls).autoreleased(), keys, values, 0);
}
template <NS::UInteger Keys, NS::UInteger Values>
MapTable* map_of(objc_class* cls) {
  return with_options(cls, Keys, Values);
}
objc_object* value_for(MapTable* self, objc_object* key) {
  return self->table.find(key).autoreleased();
}
void set_value(MapTable* self, objc_object* value, objc_object* key) {
  if (!key) throw InvalidUse("-[NSMapTable setObject:forKey:]: nil key");
  value ? self->table.set(key, value) : self->table.remove(key);
}
template <class T>
NS::UInteger count(T* self) {
  return self->table.all().size();
}
template <class T>
void remove(T* self, objc_object* key) {
  self->table.remove(key);
}
template <class T>
void remove_all(T* self) {
  self->table.clear();
}
template <class T, Objects (*Of)(Table&)>
Enumerator* enumerate_all(T* self) {
  return enumerator<Of>(self->table);
}
template <class T>
NS::UInteger fill_next(T* self, NS::FastEnumerationState* state, objc_object** buffer,
                       NS::UInteger length) {
  return fill_keys(self->table, state, buffer, length);
}
Dictionary* dictionary(MapTable* self) {
  objc::Ref<Dictionary> made = objc::make<Dictionary>();
  for (const auto& [key, value] : self->table.all()) made->set(key.get(), value.get());
  return made.autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<MapTable> map_table_definition{
    "NSMapTable",
    {
        objc::class_function<&map_of<kStrong, kStrong>>("strongToStrongObjectsMapTable"),
        objc::class_function<&map_of<kStrong, kWeak>>("strongToWeakObjectsMapTable"),
        objc::class_function<&map_of<kWeak, kStrong>>("weakToStrongObjectsMapTable"),
        objc::class_function<&map_of<kWeak, kWeak>>("weakToWeakObjectsMapTable"),
        objc::class_function<&with_options>("mapTableWithKeyOptions:valueOptions:"),
        objc::function<&init_map>("initWithKeyOptions:valueOptions:capacity:"),
        objc::function<&value_for>("objectForKey:"),
        objc::function<&set_value>("setObject:forKey:"),
        objc::function<&remove<MapTable>>("removeObjectForKey:"),
        objc::function<&remove_all<MapTable>>("removeAllObjects"),
        objc::function<&count<MapTable>>("count"),
        objc::function<&enumerate_all<MapTable, &keys_of>>("keyEnumerator"),
        objc::function<&enumerate_all<MapTable, &values_of>>("objectEnumerator"),
        objc::function<&fill_next<MapTable>>("countByEnumeratingWithState:objects:count:"),
        objc::function<&dictionary>("dictionaryRepresentation"),
    }};

/// Each object is its own value.
struct HashTable : objc::Object {
  using Super = RootObject;

  Table table;
};

HashTable* init_hash(HashTable* self, NS::UInteger options, NS::UInteger) {
  check_options("-[NSHashTable initWithOptions:capacity:]", options);
  self->table.key_options = options;
  self->table.value_options = options & kWeak;
  return self;
}
HashTable* with_hash_options(objc_class* cls, NS::UInteger options) {
  return init_hash(make_of<HashTable>(cls).autoreleased(), options, 0);
}
HashTable* weak_objects(objc_class* cls) {
  return with_hash_options(cls, kWeak);
}
objc_object* member(HashTable* self, objc_object* object) {
  return self->table.find_key(object).autoreleased();
}
bool contains(HashTable* self, objc_object* object) {
  return static_cast<bool>(self->table.find_key(object));
}
void add(HashTable* self, objc_object* object) {
  if (!object) throw InvalidUse("-[NSHashTable addObject:]: nil object");
  if (!contains(self, object)) self->table.set(object, object);
}
Array* all_objects(HashTable* self) {
  return objc::make<Array>(keys_of(self->table)).autoreleased();
}
objc_object* any_object(HashTable* self) {
  const Objects objects = keys_of(self->table);
  return objects.empty() ? nullptr : Any(objects.front()).autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<HashTable> hash_table_definition{
    "NSHashTable",
    {
        objc::class_function<&weak_objects>("weakObjectsHashTable"),
        objc::class_function<&with_hash_options>("hashTableWithOptions:"),
        objc::function<&init_hash>("initWithOptions:capacity:"),
        objc::function<&add>("addObject:"),
        objc::function<&remove<HashTable>>("removeObject:"),
        objc::function<&remove_all<HashTable>>("removeAllObjects"),
        objc::function<&member>("member:"),
        objc::function<&contains>("containsObject:"),
        objc::function<&any_object>("anyObject"),
        objc::function<&all_objects>("allObjects"),
        objc::function<&count<HashTable>>("count"),
        objc::function<&enumerate_all<HashTable, &keys_of>>("objectEnumerator"),
        objc::function<&fill_next<HashTable>>("countByEnumeratingWithState:objects:count:"),
    }};

}  // namespace
}  // namespace anvil
