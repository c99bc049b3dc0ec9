// NSSet: elements compare with -isEqual:, enumeration is in order of insertion.
#include <string>
#include <unordered_set>

#include <Foundation/NSTypes.hpp>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/string.hpp"

namespace anvil {
namespace {

struct Set : objc::Object {
  using Super = RootObject;

  std::vector<objc::Ref<objc_object>> items;
  std::unordered_set<const objc_object*, HashObject, EqualObjects> index;
};

Set* init_with(Set* self, objc_object* const* objects, NS::UInteger count) {
  for (auto& item : collect(objects, count, "-[NSSet initWithObjects:count:]"))
    if (self->index.insert(item.get()).second) self->items.push_back(std::move(item));
  return self;
}
NS::UInteger count(const Set* self) {
  return self->items.size();
}
bool contains(const Set* self, const objc_object* object) {
  return object && self->index.contains(object);
}
Enumerator* enumerate(const Set* self) {
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
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Set> definition{
    "NSSet",
    {
        objc::function<&init_with>("initWithObjects:count:"),
        objc::function<&count>("count"),
        objc::function<&contains>("containsObject:"),
        objc::function<&enumerate>("objectEnumerator"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&copy>("copy"),
    }};

}  // namespace
}  // namespace anvil
