// Making objects of the class that was asked, which may be a subclass.
#pragma once

#include "anvil/foundation/object.hpp"
#include "anvil/objc/instances.hpp"

namespace anvil {

/// An object of `cls`, which is T's class or one below it.
template <class T>
objc::Ref<T> make_of(objc_class* cls) {
  return objc::Ref<T>::adopt(static_cast<T*>(objc::create_instance(cls)));
}

}  // namespace anvil
