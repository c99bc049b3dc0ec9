// A place for an object that may end before it.
#pragma once

#include <objc/arc.h>

#include "anvil/objc/runtime.hpp"

namespace anvil {

/// Holds an object, or a copy of it, or knows it only until it ends. It stays where it is made.
class Slot {
 public:
  enum class Holds : uint8_t { weakly, strongly, copy };

  Slot(objc_object* object, Holds holds) : weak_(holds == Holds::weakly) {
    static const SEL copy = sel_registerName("copy");
    if (weak_)
      objc_initWeak(&object_, object);
    else if (holds == Holds::copy)
      object_ = objc::send<objc_object*>(object, copy);
    else
      objc::retain(object_ = object);
  }
  Slot(const Slot&) = delete;
  ~Slot() {
    if (weak_)
      objc_destroyWeak(&object_);
    else
      objc::release(object_);
  }

  /// Null after its end.
  objc::Ref<objc_object> get() {
    return weak_ ? objc::Ref<objc_object>::adopt(objc_loadWeakRetained(&object_))
                 : objc::Ref<objc_object>(object_);
  }

 private:
  const bool weak_;
  objc_object* object_ = nullptr;
};

}  // namespace anvil
