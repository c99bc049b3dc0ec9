#include "anvil/foundation/dictionary.hpp"

#include "anvil/foundation/string.hpp"
#include "anvil/objc/errors.hpp"

#include <Foundation/NSTypes.hpp>

namespace anvil {

void Dictionary::add(objc_object* key, objc_object* value) {
  if (!key || !value)
    throw InvalidUse(std::string("NSDictionary: nil ") + (key ? "value" : "key") + " for entry " +
                     std::to_string(entries.size()));
  if (!index_.try_emplace(key, entries.size()).second) return;
  entries.emplace_back(key, value);
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
Dictionary* empty() {
  return objc::make<Dictionary>().autoreleased();
}
Dictionary* with_objects(objc_object* const* values, objc_object* const* keys, NS::UInteger count) {
  objc::Ref<Dictionary> dictionary = objc::make<Dictionary>();
  init_with(dictionary.get(), values, keys, count);
  return dictionary.autoreleased();
}
Dictionary* with_object(objc_object* value, objc_object* key) {
  return with_objects(&value, &key, 1);
}
NS::UInteger count(const Dictionary* self) {
  return self->entries.size();
}
objc::Ref<Array> keys_of(const Dictionary* self) {
  std::vector<objc::Ref<objc_object>> keys;
  keys.reserve(self->entries.size());
  for (const auto& [key, value] : self->entries) keys.push_back(key);
  return objc::make<Array>(std::move(keys));
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
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Dictionary> definition{
    "NSDictionary",
    {
        objc::class_method<&empty>("dictionary"),
        objc::class_method<&with_object>("dictionaryWithObject:forKey:"),
        objc::class_method<&with_objects>("dictionaryWithObjects:forKeys:count:"),
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

}  // namespace
}  // namespace anvil
