// NSSet and NSMutableSet: elements compare with -isEqual:, enumeration is in order of insertion.
#include <algorithm>
#include <cstdarg>
#include <string>
#include <unordered_set>

#include <Foundation/NSTypes.hpp>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/made.hpp"
#include "anvil/foundation/string.hpp"

namespace anvil {
namespace {

struct Set : objc::Object {
  using Super = RootObject;

  void add(const objc::Ref<objc_object>& object) {
    if (index.insert(object.get()).second) items.push_back(object);
  }
  void remove(const objc_object* object) {
    if (!object || !index.erase(object)) return;
    const auto found = std::find_if(items.begin(), items.end(),
                                    [&](const auto& item) { return is_equal(item.get(), object); });
    const objc::Ref<objc_object> removed = std::move(*found);
    items.erase(found);
  }

  Objects items;
  std::unordered_set<const objc_object*, HashObject, EqualObjects> index;
};

struct MutableSet : Set {
  using Super = Set;

  unsigned long mutations = 0;  ///< what loops over it look at
};

Set* filled(Set* self, const Objects& objects) {
  for (const auto& object : objects) self->add(object);
  return self;
}
Set* init_with(Set* self, objc_object* const* objects, NS::UInteger count) {
  return filled(self, collect(objects, count, "-[NSSet initWithObjects:count:]"));
}
Set* init_with_array(Set* self, const Array* array) {
  return filled(self, array ? array->items : Objects());
}
Set* empty(objc_class* cls) {
  return make_of<Set>(cls).autoreleased();
}
Set* with_capacity(objc_class* cls, NS::UInteger) {
  return empty(cls);
}
Set* with_object(objc_class* cls, objc_object* object) {
  return filled(empty(cls), collect(&object, 1, "+[NSSet setWithObject:]"));
}
Set* with_objects(objc_class* cls, objc_object* const* objects, NS::UInteger count) {
  return filled(empty(cls), collect(objects, count, "+[NSSet setWithObjects:count:]"));
}
Set* with_listed(objc_class* cls, SEL, objc_object* first, ...) {
  va_list more;
  va_start(more, first);
  const Objects objects = collect(first, more);
  va_end(more);
  return filled(empty(cls), objects);
}
Set* with_array(objc_class* cls, const Array* array) {
  return init_with_array(empty(cls), array);
}
NS::UInteger count(const Set* self) {
  return self->items.size();
}
bool contains(const Set* self, const objc_object* object) {
  return object && self->index.contains(object);
}
objc_object* member(const Set* self, const objc_object* object) {
  const auto found = object ? self->index.find(object) : self->index.end();
  return found == self->index.end() ? nullptr : const_cast<objc_object*>(*found);
}
objc_object* any(const Set* self) {
  return self->items.empty() ? nullptr : self->items.front().get();
}
Array* all(const Set* self) {
  return objc::make<Array>(self->items).autoreleased();
}
NS::UInteger fill_next(Set* self, NS::FastEnumerationState* state, objc_object** buffer,
                       NS::UInteger length) {
  static unsigned long never_mutated = 0;
  auto* changing = objc::as<MutableSet>(self);
  return enumerate(self->items, changing ? &changing->mutations : &never_mutated, state, buffer,
                   length);
}
Enumerator* enumerator(const Set* self) {
  return objc::make<Enumerator>(objc::make<Array>(self->items)).autoreleased();
}
bool equals(const Set* self, const objc_object* object) {
  const auto* other = objc::as<Set>(object);
  if (!other || other->items.size() != self->items.size()) return false;
  for (const auto& item : self->items)
    if (!other->index.contains(item.get())) return false;
  return true;
}
size_t hash(const Set* self) {
  return self->items.size();
}
Set* copy(Set* self) {
  if (objc::as<MutableSet>(self)) return filled(objc::make<Set>().detach(), self->items);
  objc::retain(self);
  return self;
}
Set* mutable_copy(const Set* self) {
  return filled(objc::make<MutableSet>().detach(), self->items);
}

ANVIL_OBJC_CLASS_DEFINITION<Set> set_definition{
    "NSSet",
    {
        objc::function<&init_with>("initWithObjects:count:"),
        objc::function<&count>("count"),
        objc::function<&contains>("containsObject:"),
        objc::class_function<&empty>("set"),
        objc::class_function<&with_object>("setWithObject:"),
        objc::class_function<&with_objects>("setWithObjects:count:"),
        objc::variadic("setWithObjects:", &with_listed, true),
        objc::class_function<&with_array>("setWithArray:"),
        objc::function<&init_with_array>("initWithArray:"),
        objc::function<&member>("member:"),
        objc::function<&any>("anyObject"),
        objc::function<&all>("allObjects"),
        objc::function<&fill_next>("countByEnumeratingWithState:objects:count:"),
        objc::function<&equals>("isEqualToSet:"),
        objc::function<&mutable_copy>("mutableCopy"),
        objc::function<&enumerator>("objectEnumerator"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&copy>("copy"),
    }};

MutableSet* init_with_capacity(MutableSet* self, NS::UInteger) {
  return self;
}
void add(MutableSet* self, objc_object* object) {
  self->add(collect(&object, 1, "-[NSMutableSet addObject:]")[0]);
  ++self->mutations;
}
void add_all(MutableSet* self, const Array* array) {
  init_with_array(self, array);
  ++self->mutations;
}
void remove(MutableSet* self, const objc_object* object) {
  self->remove(object);
  ++self->mutations;
}
void remove_all(MutableSet* self) {
  self->index.clear();
  const Objects removed = std::move(self->items);
  self->items.clear();
  ++self->mutations;
}

ANVIL_OBJC_CLASS_DEFINITION<MutableSet> mutable_set_definition{
    "NSMutableSet",
    {
        objc::class_function<&with_capacity>("setWithCapacity:"),
        objc::function<&init_with_capacity>("initWithCapacity:"),
        objc::function<&add>("addObject:"),
        objc::function<&add_all>("addObjectsFromArray:"),
        objc::function<&remove>("removeObject:"),
        objc::function<&remove_all>("removeAllObjects"),
    }};

}  // namespace
}  // namespace anvil
