// NSArray, NSMutableArray, and the enumerator over one.
#pragma once

#include <vector>

#include <Foundation/NSEnumerator.hpp>

#include "anvil/foundation/object.hpp"

namespace anvil {

using Objects = std::vector<objc::Ref<objc_object>>;

struct Array : objc::Object {
  using Super = RootObject;

  Array() = default;
  explicit Array(Objects items) : items(std::move(items)) {}

  Objects items;
};

struct MutableArray : Array {
  using Super = Array;
  using Array::Array;

  unsigned long mutations = 0;  ///< what loops over it look at
};

/// An array of the objects of any range of Refs.
template <class Range>
objc::Ref<Array> make_array(const Range& objects) {
  Objects items;
  for (const auto& object : objects) items.emplace_back(object);
  return objc::make<Array>(std::move(items));
}

/// The retained objects of a C array; a nil among them is an error that names `method`.
Objects collect(objc_object* const* objects, size_t count, const char* method);
/// Those of C's "...", up to a nil.
Objects collect(objc_object* first, va_list more);

/// Fast enumeration of `items`, as many as fit at a time.
NS::UInteger enumerate(const Objects& items, unsigned long* mutations,
                       NS::FastEnumerationState* state, objc_object** buffer, NS::UInteger length);

struct Enumerator : objc::Object {
  using Super = RootObject;

  explicit Enumerator(objc::Ref<Array> array) : array(std::move(array)) {}

  objc::Ref<Array> array;
  size_t position = 0;
};

}  // namespace anvil
