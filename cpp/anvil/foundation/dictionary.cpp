#include "anvil/foundation/dictionary.hpp"

#include <algorithm>
#include <cstdarg>

#include "anvil/foundation/made.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/errors.hpp"

#include <Foundation/NSTypes.hpp>

namespace anvil {

namespace {

void check(const Dictionary& self, objc_object* key, objc_object* value) {
  if (!key || !value)
    throw InvalidUse(std::string("NSDictionary: nil ") + (key ? "value" : "key") + " for entry " +
                     std::to_string(self.entries.size()));
}

objc::Ref<objc_object> copy_of(objc_object* key) {
  static const SEL selector = sel_registerName("copy");
  return objc::Ref<objc_object>::adopt(objc::send<objc_object*>(key, selector));
}

}  // namespace

void Dictionary::add(objc_object* key, objc_object* value) {
  check(*this, key, value);
  if (index_.contains(key)) return;
  entries.emplace_back(copy_of(key), value);
  index_.emplace(entries.back().first.get(), entries.size() - 1);
}

void Dictionary::set(objc_object* key, objc_object* value) {
  check(*this, key, value);
  const auto found = index_.find(key);
  if (found == index_.end()) return add(key, value);
  // The former value may end here, and look at the dictionary.
  objc::Ref<objc_object> kept(value);
  std::swap(entries[found->second].second, kept);
}

void Dictionary::remove(const objc_object* key) {
  const auto found = key ? index_.find(key) : index_.end();
  if (found == index_.end()) return;
  const size_t position = found->second;
  index_.erase(found);
  const auto removed = std::move(entries[position]);
  entries.erase(entries.begin() + static_cast<ptrdiff_t>(position));
  for (auto& [other, place] : index_)
    if (place > position) --place;
}

void Dictionary::clear() {
  index_.clear();
  const auto removed = std::move(entries);
  entries.clear();
}

objc_object* Dictionary::find(const objc_object* key) const {
  if (!key) return nullptr;
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : entries[found->second].second.get();
}

namespace {

Dictionary* init_with(Dictionary* self, objc_object* const* values, objc_object* const* keys,
                      NS::UInteger count) {
  for (NS::UInteger i = 0; i < count; ++i) self->add(keys[i], values[i]);
  return self;
}
Dictionary* init_with_dictionary(Dictionary* self, const Dictionary* other) {
  if (other)
    for (const auto& [key, value] : other->entries) self->add(key.get(), value.get());
  return self;
}
/// Values and keys by turns.
void add_listed(Dictionary* self, objc_object* first, va_list more) {
  const Objects listed = collect(first, more);
  for (size_t i = 0; i + 1 < listed.size(); i += 2) self->set(listed[i + 1].get(), listed[i].get());
}
Dictionary* init_with_listed(Dictionary* self, SEL, objc_object* first, ...) {
  va_list more;
  va_start(more, first);
  add_listed(self, first, more);
  va_end(more);
  return self;
}
Dictionary* empty(objc_class* cls) {
  return make_of<Dictionary>(cls).autoreleased();
}
Dictionary* with_capacity(objc_class* cls, NS::UInteger) {
  return empty(cls);
}
Dictionary* with_objects(objc_class* cls, objc_object* const* values, objc_object* const* keys,
                         NS::UInteger count) {
  return init_with(empty(cls), values, keys, count);
}
Dictionary* with_object(objc_class* cls, objc_object* value, objc_object* key) {
  return with_objects(cls, &value, &key, 1);
}
Dictionary* with_arrays(objc_class* cls, const Array* values, const Array* keys) {
  Dictionary* self = empty(cls);
  const size_t count = values && keys ? std::min(values->items.size(), keys->items.size()) : 0;
  for (size_t i = 0; i < count; ++i) self->set(keys->items[i].get(), values->items[i].get());
  return self;
}
Dictionary* with_dictionary(objc_class* cls, const Dictionary* other) {
  return init_with_dictionary(empty(cls), other);
}
Dictionary* with_listed(objc_class* cls, SEL, objc_object* first, ...) {
  Dictionary* self = empty(cls);
  va_list more;
  va_start(more, first);
  add_listed(self, first, more);
  va_end(more);
  return self;
}
NS::UInteger count(const Dictionary* self) {
  return self->entries.size();
}
objc::Ref<Array> keys_of(const Dictionary* self) {
  Objects keys;
  keys.reserve(self->entries.size());
  for (const auto& [key, value] : self->entries) keys.push_back(key);
  return objc::make<Array>(std::move(keys));
}
objc::Ref<Array> values_of(const Dictionary* self) {
  Objects values;
  values.reserve(self->entries.size());
  for (const auto& [key, value] : self->entries) values.push_back(value);
  return objc::make<Array>(std::move(values));
}
Array* all_values(const Dictionary* self) {
  return values_of(self).autoreleased();
}
Enumerator* enumerate_values(const Dictionary* self) {
  return objc::make<Enumerator>(values_of(self)).autoreleased();
}
NS::UInteger fill_next(Dictionary* self, NS::FastEnumerationState* state, objc_object** buffer,
                       NS::UInteger length) {
  static unsigned long never_mutated = 0;
  auto* changing = objc::as<MutableDictionary>(self);
  NS::UInteger filled = 0;
  while (filled < length && state->state + filled < self->entries.size()) {
    buffer[filled] = self->entries[state->state + filled].first.get();
    ++filled;
  }
  state->state += filled;
  state->itemsPtr = reinterpret_cast<NS::Object**>(buffer);
  state->mutationsPtr = changing ? &changing->mutations : &never_mutated;
  return filled;
}
void each(const Dictionary* self, void (^block)(objc_object*, objc_object*, bool*)) {
  bool stop = false;
  for (const auto& [key, value] : self->entries) {
    block(key.get(), value.get(), &stop);
    if (stop) break;
  }
}
Array* all_keys(const Dictionary* self) {
  return keys_of(self).autoreleased();
}
Enumerator* enumerate_keys(const Dictionary* self) {
  return objc::make<Enumerator>(keys_of(self)).autoreleased();
}
objc_object* find(const Dictionary* self, const objc_object* key) {
  return self->find(key);
}
bool equals(const Dictionary* self, const objc_object* object) {
  const auto* other = objc::as<Dictionary>(object);
  if (!other || other->entries.size() != self->entries.size()) return false;
  for (const auto& [key, value] : self->entries)
    if (!is_equal(value.get(), other->find(key.get()))) return false;
  return true;
}
size_t hash(const Dictionary* self) {
  return self->entries.size();
}
String* description(const Dictionary* self) {
  std::string text = "{";
  for (const auto& [key, value] : self->entries)
    text += (text.size() > 1 ? ", " : "") + description_of(key.get()) + " = " +
            description_of(value.get());
  return make_string(text + "}").autoreleased();
}
Dictionary* copy(Dictionary* self) {
  if (objc::as<MutableDictionary>(self)) {
    objc::Ref<Dictionary> fixed = objc::make<Dictionary>();
    return init_with_dictionary(fixed.detach(), self);
  }
  objc::retain(self);
  return self;
}
Dictionary* mutable_copy(const Dictionary* self) {
  return init_with_dictionary(objc::make<MutableDictionary>().detach(), self);
}

ANVIL_OBJC_CLASS_DEFINITION<Dictionary> dictionary_definition{
    "NSDictionary",
    {
        objc::class_function<&empty>("dictionary"),
        objc::class_function<&with_object>("dictionaryWithObject:forKey:"),
        objc::class_function<&with_objects>("dictionaryWithObjects:forKeys:count:"),
        objc::class_function<&with_arrays>("dictionaryWithObjects:forKeys:"),
        objc::class_function<&with_dictionary>("dictionaryWithDictionary:"),
        objc::variadic("dictionaryWithObjectsAndKeys:", &with_listed, true),
        objc::variadic("initWithObjectsAndKeys:", &init_with_listed, false),
        objc::function<&init_with_dictionary>("initWithDictionary:"),
        objc::function<&all_values>("allValues"),
        objc::function<&enumerate_values>("objectEnumerator"),
        objc::function<&find>("objectForKeyedSubscript:"),
        objc::function<&find>("valueForKey:"),
        objc::function<&equals>("isEqualToDictionary:"),
        objc::function<&each>("enumerateKeysAndObjectsUsingBlock:"),
        objc::function<&fill_next>("countByEnumeratingWithState:objects:count:"),
        objc::function<&mutable_copy>("mutableCopy"),
        objc::function<&init_with>("initWithObjects:forKeys:count:"),
        objc::function<&count>("count"),
        objc::function<&all_keys>("allKeys"),
        objc::function<&enumerate_keys>("keyEnumerator"),
        objc::function<&find>("objectForKey:"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&description>("description"),
        objc::function<&copy>("copy"),
    }};

MutableDictionary* init_with_capacity(MutableDictionary* self, NS::UInteger) {
  return self;
}
void set(MutableDictionary* self, objc_object* value, objc_object* key) {
  self->set(key, value);
  ++self->mutations;
}
void remove(MutableDictionary* self, const objc_object* key) {
  self->remove(key);
  ++self->mutations;
}
/// Of a nil, as Apple's: the entry goes.
void set_or_remove(MutableDictionary* self, objc_object* value, objc_object* key) {
  value ? set(self, value, key) : remove(self, key);
}
void add_entries(MutableDictionary* self, const Dictionary* other) {
  if (other)
    for (const auto& [key, value] : other->entries) self->set(key.get(), value.get());
  ++self->mutations;
}
void remove_all(MutableDictionary* self) {
  self->clear();
  ++self->mutations;
}

ANVIL_OBJC_CLASS_DEFINITION<MutableDictionary> mutable_dictionary_definition{
    "NSMutableDictionary",
    {
        objc::class_function<&with_capacity>("dictionaryWithCapacity:"),
        objc::function<&init_with_capacity>("initWithCapacity:"),
        objc::function<&set>("setObject:forKey:"),
        objc::function<&set_or_remove>("setObject:forKeyedSubscript:"),
        objc::function<&set_or_remove>("setValue:forKey:"),
        objc::function<&add_entries>("addEntriesFromDictionary:"),
        objc::function<&remove>("removeObjectForKey:"),
        objc::function<&remove_all>("removeAllObjects"),
    }};

}  // namespace
}  // namespace anvil
