// Checked downcasts between objects.
#pragma once

#include "anvil/objc/class.hpp"

namespace anvil::objc {

inline bool is_kind_of(const objc_object* object, const objc_class* cls) {
  if (!object) return false;
  for (const objc_class* c = object->isa; c; c = c->superclass)
    if (c == cls) return true;
  return false;
}

/// Null if the object is none of T's class.
template <class T>
T* as(objc_object* object) {
  return is_kind_of(object, class_of<T>()) ? static_cast<T*>(object) : nullptr;
}
template <class T>
const T* as(const objc_object* object) {
  return is_kind_of(object, class_of<T>()) ? static_cast<const T*>(object) : nullptr;
}

}  // namespace anvil::objc
