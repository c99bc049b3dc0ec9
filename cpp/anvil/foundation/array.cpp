#include "anvil/foundation/array.hpp"

#include <cstdarg>
#include <list>
#include <string>

#include "anvil/foundation/made.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

Array* filled(objc_class* cls, Objects items) {
  objc::Ref<Array> array = make_of<Array>(cls);
  array->items = std::move(items);
  return array.autoreleased();
}
Array* empty(objc_class* cls) {
  return filled(cls, {});
}
Array* with_capacity(objc_class* cls, NS::UInteger) {
  return filled(cls, {});
}
Array* with_objects(objc_class* cls, objc_object* const* objects, NS::UInteger count) {
  return filled(cls, collect(objects, count, "+[NSArray arrayWithObjects:count:]"));
}
Array* with_object(objc_class* cls, objc_object* object) {
  return filled(cls, collect(&object, 1, "+[NSArray arrayWithObject:]"));
}
Array* with_array(objc_class* cls, const Array* other) {
  return filled(cls, other ? other->items : Objects());
}
Array* with_listed(objc_class* cls, SEL, objc_object* first, ...) {
  va_list more;
  va_start(more, first);
  Objects items = collect(first, more);
  va_end(more);
  return filled(cls, std::move(items));
}
Array* init_with_listed(Array* self, SEL, objc_object* first, ...) {
  va_list more;
  va_start(more, first);
  self->items = collect(first, more);
  va_end(more);
  return self;
}
Array* init_with_objects(Array* self, objc_object* const* objects, NS::UInteger count) {
  self->items = collect(objects, count, "-[NSArray initWithObjects:count:]");
  return self;
}
Array* init_with_array(Array* self, const Array* other) {
  if (other) self->items = other->items;
  return self;
}
NS::UInteger count(const Array* self) {
  return self->items.size();
}
void check(const Array* self, NS::UInteger index, const char* method) {
  if (index >= self->items.size())
    throw OutOfRange(std::string(method) + ": index " + std::to_string(index) +
                     " is beyond count " + std::to_string(self->items.size()));
}
objc_object* object_at(const Array* self, NS::UInteger index) {
  check(self, index, "-[NSArray objectAtIndex:]");
  return self->items[index].get();
}
objc_object* first_object(const Array* self) {
  return self->items.empty() ? nullptr : self->items.front().get();
}
objc_object* last_object(const Array* self) {
  return self->items.empty() ? nullptr : self->items.back().get();
}
NS::UInteger index_of(const Array* self, const objc_object* object) {
  for (size_t i = 0; i < self->items.size(); ++i)
    if (is_equal(self->items[i].get(), object)) return i;
  return static_cast<NS::UInteger>(NS::NotFound);
}
bool contains(const Array* self, const objc_object* object) {
  return index_of(self, object) != static_cast<NS::UInteger>(NS::NotFound);
}
Array* adding(const Array* self, objc_object* object) {
  Objects items = self->items;
  for (auto& item : collect(&object, 1, "-[NSArray arrayByAddingObject:]"))
    items.push_back(std::move(item));
  return objc::make<Array>(std::move(items)).autoreleased();
}
Array* adding_all(const Array* self, const Array* other) {
  Objects items = self->items;
  if (other) items.insert(items.end(), other->items.begin(), other->items.end());
  return objc::make<Array>(std::move(items)).autoreleased();
}
Array* part(const Array* self, NS::Range range) {
  if (range.location > self->items.size() || range.length > self->items.size() - range.location)
    throw OutOfRange("-[NSArray subarrayWithRange:]: range {" + std::to_string(range.location) +
                     ", " + std::to_string(range.length) + "} is beyond count " +
                     std::to_string(self->items.size()));
  const auto first = self->items.begin() + static_cast<ptrdiff_t>(range.location);
  return objc::make<Array>(Objects(first, first + static_cast<ptrdiff_t>(range.length)))
      .autoreleased();
}
String* joined(const Array* self, const String* separator) {
  std::string text;
  for (const auto& item : self->items) {
    if (&item != self->items.data()) text += utf8(separator);
    text += description_of(item.get());
  }
  return make_string(std::move(text)).autoreleased();
}
Enumerator* enumerator(Array* self) {
  return objc::make<Enumerator>(objc::make<Array>(self->items)).autoreleased();
}
Enumerator* reverse_enumerator(Array* self) {
  Objects items(self->items.rbegin(), self->items.rend());
  return objc::make<Enumerator>(objc::make<Array>(std::move(items))).autoreleased();
}
using Comparator = NS::ComparisonResult (^)(objc_object*, objc_object*);
/// As a list: its sort is stable, and no comparator makes it leave its bounds.
Objects sorted(const Objects& items, Comparator compare) {
  std::list<objc::Ref<objc_object>> list(items.begin(), items.end());
  list.sort([&](const auto& a, const auto& b) {
    return compare(a.get(), b.get()) == NS::OrderedAscending;
  });
  return Objects(list.begin(), list.end());
}
Array* sorted_by(const Array* self, Comparator compare) {
  return objc::make<Array>(sorted(self->items, compare)).autoreleased();
}
Array* sorted_by_selector(const Array* self, SEL selector) {
  return sorted_by(self, ^(objc_object* a, objc_object* b) {
    return objc::send<NS::ComparisonResult>(a, selector, b);
  });
}
void each(const Array* self, void (^block)(objc_object*, NS::UInteger, bool*)) {
  bool stop = false;
  for (size_t i = 0; i < self->items.size() && !stop; ++i) block(self->items[i].get(), i, &stop);
}
void send_each(const Array* self, SEL selector) {
  for (const auto& item : Objects(self->items)) objc::send<void>(item.get(), selector);
}
NS::UInteger fill_next(Array* self, NS::FastEnumerationState* state, objc_object** buffer,
                       NS::UInteger length) {
  static unsigned long never_mutated = 0;
  auto* changing = objc::as<MutableArray>(self);
  return enumerate(self->items, changing ? &changing->mutations : &never_mutated, state, buffer,
                   length);
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
  if (objc::as<MutableArray>(self)) return objc::make<Array>(self->items).detach();
  objc::retain(self);
  return self;
}
MutableArray* mutable_copy(const Array* self) {
  return objc::make<MutableArray>(self->items).detach();
}

ANVIL_OBJC_CLASS_DEFINITION<Array> array_definition{
    "NSArray",
    {
        objc::class_function<&empty>("array"),
        objc::class_function<&with_object>("arrayWithObject:"),
        objc::class_function<&with_objects>("arrayWithObjects:count:"),
        objc::class_function<&with_array>("arrayWithArray:"),
        objc::variadic("arrayWithObjects:", &with_listed, true),
        objc::variadic("initWithObjects:", &init_with_listed, false),
        objc::function<&init_with_array>("initWithArray:"),
        objc::function<&object_at>("objectAtIndexedSubscript:"),
        objc::function<&first_object>("firstObject"),
        objc::function<&last_object>("lastObject"),
        objc::function<&index_of>("indexOfObject:"),
        objc::function<&contains>("containsObject:"),
        objc::function<&adding>("arrayByAddingObject:"),
        objc::function<&adding_all>("arrayByAddingObjectsFromArray:"),
        objc::function<&part>("subarrayWithRange:"),
        objc::function<&joined>("componentsJoinedByString:"),
        objc::function<&sorted_by>("sortedArrayUsingComparator:"),
        objc::function<&sorted_by_selector>("sortedArrayUsingSelector:"),
        objc::function<&each>("enumerateObjectsUsingBlock:"),
        objc::function<&send_each>("makeObjectsPerformSelector:"),
        objc::function<&fill_next>("countByEnumeratingWithState:objects:count:"),
        objc::function<&mutable_copy>("mutableCopy"),
        objc::function<&init_with_objects>("initWithObjects:count:"),
        objc::function<&count>("count"),
        objc::function<&object_at>("objectAtIndex:"),
        objc::function<&enumerator>("objectEnumerator"),
        objc::function<&reverse_enumerator>("reverseObjectEnumerator"),
        objc::function<&equals>("isEqual:"),
        objc::function<&equals>("isEqualToArray:"),
        objc::function<&hash>("hash"),
        objc::function<&description>("description"),
        objc::function<&copy>("copy"),
    }};

MutableArray* init_with_capacity(MutableArray* self, NS::UInteger capacity) {
  self->items.reserve(capacity);
  return self;
}
void insert(MutableArray* self, objc_object* object, NS::UInteger index) {
  if (index > self->items.size()) check(self, index, "-[NSMutableArray insertObject:atIndex:]");
  auto items = collect(&object, 1, "-[NSMutableArray insertObject:atIndex:]");
  self->items.insert(self->items.begin() + static_cast<ptrdiff_t>(index), std::move(items[0]));
  ++self->mutations;
}
void add(MutableArray* self, objc_object* object) {
  insert(self, object, self->items.size());
}
void add_all(MutableArray* self, const Array* other) {
  if (!other) return;
  const Objects more = other->items;
  self->items.insert(self->items.end(), more.begin(), more.end());
  ++self->mutations;
}
void replace(MutableArray* self, NS::UInteger index, objc_object* object) {
  check(self, index, "-[NSMutableArray replaceObjectAtIndex:withObject:]");
  auto items = collect(&object, 1, "-[NSMutableArray replaceObjectAtIndex:withObject:]");
  std::swap(self->items[index], items[0]);
  ++self->mutations;
}
void set(MutableArray* self, objc_object* object, NS::UInteger index) {
  if (index == self->items.size())
    add(self, object);
  else
    replace(self, index, object);
}
void remove_at(MutableArray* self, NS::UInteger index) {
  check(self, index, "-[NSMutableArray removeObjectAtIndex:]");
  const objc::Ref<objc_object> removed = std::move(self->items[index]);
  self->items.erase(self->items.begin() + static_cast<ptrdiff_t>(index));
  ++self->mutations;
}
void remove(MutableArray* self, objc_object* object) {
  const objc::Ref<objc_object> kept(object);
  Objects removed;
  std::erase_if(self->items, [&](auto& item) {
    if (!is_equal(item.get(), object)) return false;
    removed.push_back(item);
    return true;
  });
  ++self->mutations;
}
void remove_last(MutableArray* self) {
  if (!self->items.empty()) remove_at(self, self->items.size() - 1);
}
void remove_all(MutableArray* self) {
  // Released when it is empty: what ends may look at it.
  const Objects removed = std::move(self->items);
  self->items.clear();
  ++self->mutations;
}
void sort(MutableArray* self, Comparator compare) {
  self->items = sorted(self->items, compare);
  ++self->mutations;
}

ANVIL_OBJC_CLASS_DEFINITION<MutableArray> mutable_array_definition{
    "NSMutableArray",
    {
        objc::class_function<&with_capacity>("arrayWithCapacity:"),
        objc::function<&init_with_capacity>("initWithCapacity:"),
        objc::function<&add>("addObject:"),
        objc::function<&add_all>("addObjectsFromArray:"),
        objc::function<&insert>("insertObject:atIndex:"),
        objc::function<&replace>("replaceObjectAtIndex:withObject:"),
        objc::function<&set>("setObject:atIndexedSubscript:"),
        objc::function<&remove_at>("removeObjectAtIndex:"),
        objc::function<&remove>("removeObject:"),
        objc::function<&remove_last>("removeLastObject"),
        objc::function<&remove_all>("removeAllObjects"),
        objc::function<&sort>("sortUsingComparator:"),
    }};

objc_object* next(Enumerator* self) {
  const auto& items = self->array->items;
  return self->position < items.size() ? items[self->position++].get() : nullptr;
}
Array* remaining(Enumerator* self) {
  const auto& items = self->array->items;
  Objects rest(items.begin() + static_cast<ptrdiff_t>(self->position), items.end());
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

Objects collect(objc_object* const* objects, size_t count, const char* method) {
  Objects items;
  items.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (!objects[i])
      throw InvalidUse(std::string(method) + ": object " + std::to_string(i) + " is nil");
    items.emplace_back(objects[i]);
  }
  return items;
}

Objects collect(objc_object* first, va_list more) {
  Objects items;
  for (objc_object* object = first; object; object = va_arg(more, objc_object*))
    items.emplace_back(object);
  return items;
}

NS::UInteger enumerate(const Objects& items, unsigned long* mutations,
                       NS::FastEnumerationState* state, objc_object** buffer, NS::UInteger length) {
  NS::UInteger filled = 0;
  while (filled < length && state->state + filled < items.size()) {
    buffer[filled] = items[state->state + filled].get();
    ++filled;
  }
  state->state += filled;
  state->itemsPtr = reinterpret_cast<NS::Object**>(buffer);
  state->mutationsPtr = mutations;
  return filled;
}

}  // namespace anvil
