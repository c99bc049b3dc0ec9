// Objects of the runtime: their layout, reference counts, and Ref, which holds one.
#pragma once

#include <objc/runtime.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace anvil::objc {
using Method = void (*)();
}

/// A class is itself an object, of its metaclass, whose methods are the class's own.
struct objc_class : objc_object {
  const anvil::objc::Method* methods;  ///< by objc_selector::index; never null inside
  objc_class* superclass;
  const char* name;
  bool counted;  ///< false: classes and constants, for which retain and release do nothing
  bool is_metaclass;
  objc_object* (*create)();
  void (*destroy)(objc_object*);
};

struct objc_selector {
  uint32_t index;  ///< 0: no class has a method of that name
  const char* name;
};

namespace anvil::objc {

/// What every object starts with. No C++ virtuals: the first word is the class.
struct Object : objc_object {
  Object() noexcept : objc_object{nullptr} {}
  Object(const Object&) noexcept : Object() {}
  Object& operator=(const Object&) = delete;

  std::atomic<uint32_t> references{1};
};

inline void retain(objc_object* object) {
  if (object && object->isa->counted)
    static_cast<Object*>(object)->references.fetch_add(1, std::memory_order_relaxed);
}

inline void release(objc_object* object) {
  if (object && object->isa->counted &&
      static_cast<Object*>(object)->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    object->isa->destroy(object);
}

/// Hands a reference to this thread's innermost autorelease pool.
void autorelease(objc_object* object);

/// Holds a reference. T may be incomplete where no T* goes in or out.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  explicit Ref(T* object) : object_(object) { retain(object_); }
  Ref(const Ref& other) : object_(other.object_) { retain(object_); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Ref(Ref<U> other) noexcept : object_(other.detach()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { release(object_); }

  /// Takes over a reference that the caller owns.
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  /// Gives the reference to the caller, as methods named new, alloc and copy do.
  T* detach() { return static_cast<T*>(std::exchange(object_, nullptr)); }
  /// Gives the reference to the autorelease pool, as all other methods do.
  T* autoreleased() {
    autorelease(object_);
    return detach();
  }

  T* get() const { return static_cast<T*>(object_); }
  T* operator->() const { return get(); }
  T& operator*() const { return *get(); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  objc_object* object_ = nullptr;
};

}  // namespace anvil::objc
