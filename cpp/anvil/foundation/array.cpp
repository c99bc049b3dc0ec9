#include "anvil/foundation/array.hpp"

#include <string>

#include <Foundation/NSEnumerator.hpp>

#include "anvil/foundation/string.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

Array* empty() {
  return objc::make<Array>().autoreleased();
}
Array* with_objects(objc_object* const* objects, NS::UInteger count) {
  return objc::make<Array>(collect(objects, count, "+[NSArray arrayWithObjects:count:]"))
      .autoreleased();
}
Array* with_object(objc_object* object) {
  return objc::make<Array>(collect(&object, 1, "+[NSArray arrayWithObject:]")).autoreleased();
}
Array* init_with_objects(Array* self, objc_object* const* objects, NS::UInteger count) {
  self->items = collect(objects, count, "-[NSArray initWithObjects:count:]");
  return self;
}
NS::UInteger count(const Array* self) {
  return self->items.size();
}
objc_object* object_at(const Array* self, NS::UInteger index) {
  if (index >= self->items.size())
    throw InvalidUse("-[NSArray objectAtIndex:]: index " + std::to_string(index) +
                     " is beyond count " + std::to_string(self->items.size()));
  return self->items[index].get();
}
Enumerator* enumerate(Array* self) {
  return objc::make<Enumerator>(objc::Ref<Array>(self)).autoreleased();
}
bool equals(const Array* self, const objc_object* object) {
  const auto* other = objc::as<Array>(object);
  if (!other || other->items.size() != self->items.size()) return false;
  for (size_t i = 0; i < self->items.size(); ++i)
    if (!is_equal(self->items[i].get(), other->items[i].get())) return false;
  return true;
}
size_t hash(const Array* self) {
  return self->items.size();
}
String* description(const Array* self) {
  std::string text = "(";
  for (const auto& item : self->items)
    text += (text.size() > 1 ? ", " : "") + description_of(item.get());
  return make_string(text + ")").autoreleased();
}
Array* copy(Array* self) {
  objc::retain(self);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Array> definition{
    "NSArray",
    {
        objc::class_method<&empty>("array"),
        objc::class_method<&with_object>("arrayWithObject:"),
        objc::class_method<&with_objects>("arrayWithObjects:count:"),
        objc::function<&init_with_objects>("initWithObjects:count:"),
        objc::function<&count>("count"),
        objc::function<&object_at>("objectAtIndex:"),
        objc::function<&enumerate>("objectEnumerator"),
        objc::function<&equals>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&description>("description"),
        objc::function<&copy>("copy"),
    }};

objc_object* next(Enumerator* self) {
  const auto& items = self->array->items;
  return self->position < items.size() ? items[self->position++].get() : nullptr;
}
Array* remaining(Enumerator* self) {
  const auto& items = self->array->items;
  std::vector<objc::Ref<objc_object>> rest(items.begin() + static_cast<ptrdiff_t>(self->position),
                                           items.end());
  self->position = items.size();
  return objc::make<Array>(std::move(rest)).autoreleased();
}
NS::UInteger fill(Enumerator* self, NS::FastEnumerationState* state, objc_object** buffer,
                  NS::UInteger length) {
  static unsigned long never_mutated = 0;
  NS::UInteger filled = 0;
  while (filled < length) {
    objc_object* object = next(self);
    if (!object) break;
    buffer[filled++] = object;
  }
  state->state = 1;
  state->itemsPtr = reinterpret_cast<NS::Object**>(buffer);
  state->mutationsPtr = &never_mutated;
  return filled;
}

ANVIL_OBJC_CLASS_DEFINITION<Enumerator> enumerator_definition{
    "NSEnumerator",
    {
        objc::function<&next>("nextObject"),
        objc::function<&remaining>("allObjects"),
        objc::function<&fill>("countByEnumeratingWithState:objects:count:"),
    }};

}  // namespace

std::vector<objc::Ref<objc_object>> collect(objc_object* const* objects, size_t count,
                                            const char* method) {
  std::vector<objc::Ref<objc_object>> items;
  items.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (!objects[i])
      throw InvalidUse(std::string(method) + ": object " + std::to_string(i) + " is nil");
    items.emplace_back(objects[i]);
  }
  return items;
}

}  // namespace anvil
