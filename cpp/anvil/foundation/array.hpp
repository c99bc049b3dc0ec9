// NSArray, and the enumerator over one.
#pragma once

#include <vector>

#include "anvil/foundation/object.hpp"

namespace anvil {

struct Array : objc::Object {
  using Super = RootObject;

  Array() = default;
  explicit Array(std::vector<objc::Ref<objc_object>> items) : items(std::move(items)) {}

  std::vector<objc::Ref<objc_object>> items;
};

/// An array of the objects of any range of Refs.
template <class Range>
objc::Ref<Array> make_array(const Range& objects) {
  std::vector<objc::Ref<objc_object>> items;
  for (const auto& object : objects) items.emplace_back(object);
  return objc::make<Array>(std::move(items));
}

/// The retained objects of a C array; a nil among them is an error that names `method`.
std::vector<objc::Ref<objc_object>> collect(objc_object* const* objects, size_t count,
                                            const char* method);

struct Enumerator : objc::Object {
  using Super = RootObject;

  explicit Enumerator(objc::Ref<Array> array) : array(std::move(array)) {}

  objc::Ref<Array> array;
  size_t position = 0;
};

}  // namespace anvil
