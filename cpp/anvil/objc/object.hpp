// Objects of the runtime: their layout, reference counts, and Ref, which holds one.
#pragma once

#include <objc/runtime.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace anvil::objc {
struct ClassInfo;
}

/// A class is itself an object, of its metaclass, whose methods are the class's own. The layout is
/// that of the classes that clang emits (image.cpp), which become these in place.
struct objc_class : objc_object {
  objc_class* superclass;
  const IMP* methods;             ///< by objc_selector::index; never null inside
  void (*destroy)(objc_object*);  ///< at the last release; null: count_elsewhere()
  anvil::objc::ClassInfo* info;
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
  /// Weak references or associated objects may exist: forget_object() has to be told of the end.
  std::atomic<uint32_t> known_elsewhere{0};
};

/// Whether classes count their instances (instances.hpp); off costs a look.
inline constinit std::atomic<bool> instances_are_counted{false};
inline constinit thread_local bool instances_are_uncounted = false;  ///< see lasting()
void add_to_instances(const objc_class* cls, int change);
inline void note_instance(const objc_object* object, int change) {
  if (instances_are_counted.load(std::memory_order_relaxed)) [[unlikely]]
    add_to_instances(object->isa, change);
}

/// Retains (+1) or releases (-1) what has no count of its own: constants and classes, for which
/// that is nothing, blocks, and objects of classes that override -retain and -release.
void count_elsewhere(objc_object* object, int change);

inline void retain(objc_object* object) {
  if (!object) return;
  if (object->isa->destroy)
    static_cast<Object*>(object)->references.fetch_add(1, std::memory_order_relaxed);
  else
    count_elsewhere(object, 1);
}

inline void release(objc_object* object) {
  if (!object) return;
  if (!object->isa->destroy)
    count_elsewhere(object, -1);
  else if (static_cast<Object*>(object)->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    object->isa->destroy(object);
}

/// Clears weak references to an object and drops what is associated with it.
void forget_object(Object* object);

/// Hands a reference to this thread's innermost autorelease pool; without memory for that the
/// object stays for ever.
void autorelease(objc_object* object) noexcept;

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
