// Defining a class: the C++ struct of its instances and the methods that messages reach.
//
//   ANVIL_OBJC_CLASS_DEFINITION<Buffer> buffer_definition{"MTLBuffer", {
//       objc::method<&Buffer::contents>("contents"),
//       objc::property<&Buffer::label>("label", "setLabel:"),
//   }};
//
// at namespace scope in the class's own file. The registry (registry.cpp) takes in all definitions
// at the first look-up of a selector or class.
#pragma once

#include <new>
#include <type_traits>
#include <vector>

#include "object.hpp"

namespace anvil::objc {

template <class T>
inline constinit objc_class class_storage{};

/// The class object of T's instances; usable in constant initialisers.
template <class T>
constexpr objc_class* class_of() {
  return &class_storage<T>;
}

/// A new object with one reference, which the caller's Ref owns.
template <class T, class... Args>
Ref<T> make(Args&&... args) {
  T* object = new T(std::forward<Args>(args)...);
  object->isa = class_of<T>();
  note_instance(object, 1);
  return Ref<T>::adopt(object);
}

/// What structs of blocks derive from.
struct BlockObject : objc_object {};

struct MethodEntry {
  const char* selector;
  IMP code;
  bool on_class;  ///< a method of the class rather than of its instances
};
using MethodGroup = std::vector<MethodEntry>;

namespace detail {
/// What a method gives through a pointer, where its class says so as NSError's does, is nil unless
/// the method gives something: callers look at it without having set it before.
template <class T>
void clear_result(T&&) {}
template <class T>
  requires T::kClearedResult
void clear_result(T** result) {
  if (result) *result = nullptr;
}

template <class F>
struct Thunk;
template <class C, class R, class... Args>
struct Thunk<R (C::*)(Args...)> {
  template <auto F>
  static R send(C* self, SEL, Args... args) {
    (clear_result(args), ...);
    return (self->*F)(args...);
  }
};
template <class C, class R, class... Args>
struct Thunk<R (C::*)(Args...) const> {
  template <auto F>
  static R send(const C* self, SEL, Args... args) {
    (clear_result(args), ...);
    return (self->*F)(args...);
  }
};
template <class R, class... Args>
struct Thunk<R (*)(Args...)> {
  template <auto F>
  static R send(Class, SEL, Args... args) {
    (clear_result(args), ...);
    return F(args...);
  }
};

template <class F>
struct FunctionThunk;
template <class C, class R, class... Args>
struct FunctionThunk<R (*)(C*, Args...)> {
  template <auto F>
  static R send(C* self, SEL, Args... args) {
    (clear_result(args), ...);
    return F(self, args...);
  }
};

template <class F>
struct Property;
template <class C, class V>
struct Property<V C::*> {
  static_assert(std::is_trivially_copyable_v<V>);
  template <auto F>
  static V get(const C* self, SEL) {
    return self->*F;
  }
  template <auto F>
  static void set(C* self, SEL, V value) {
    self->*F = value;
  }
};
template <class C, class T>
struct Property<const Ref<T> C::*> {
  template <auto F>
  static T* get(const C* self, SEL) {
    return Ref<T>(self->*F).autoreleased();
  }
};
template <class C, class T>
struct Property<Ref<T> C::*> {
  template <auto F>
  static T* get(const C* self, SEL) {
    return Ref<T>(self->*F).autoreleased();
  }
  template <auto F>
  static void set(C* self, SEL, T* value) {
    if constexpr (requires { kept_copy(value); })
      self->*F = kept_copy(value);
    else
      self->*F = Ref<T>(value);
  }
};

template <class T>
IMP as_method(T* function) {
  return reinterpret_cast<IMP>(function);
}
}  // namespace detail

/// An instance method: a member function.
template <auto F>
MethodGroup method(const char* selector) {
  return {{selector, detail::as_method(&detail::Thunk<decltype(F)>::template send<F>), false}};
}

/// An instance method written as a free function, for classes whose instances differ in layout.
template <auto F>
MethodGroup function(const char* selector) {
  return {
      {selector, detail::as_method(&detail::FunctionThunk<decltype(F)>::template send<F>), false}};
}

/// A class method: a free or static function.
template <auto F>
MethodGroup class_method(const char* selector) {
  return {{selector, detail::as_method(&detail::Thunk<decltype(F)>::template send<F>), true}};
}

/// The same for a class method that needs to know which class was asked.
template <auto F>
MethodGroup class_function(const char* selector) {
  return {
      {selector, detail::as_method(&detail::FunctionThunk<decltype(F)>::template send<F>), true}};
}

/// A data member that can be read. What is in a Ref is handed out retained and autoreleased, so
/// that it outlives its owner.
template <auto F>
MethodGroup property(const char* getter) {
  return {{getter, detail::as_method(&detail::Property<decltype(F)>::template get<F>), false}};
}

/// A method that takes what C's "..." takes; on_class as in MethodEntry.
template <class F>
MethodGroup variadic(const char* selector, F* function, bool on_class) {
  return {{selector, detail::as_method(function), on_class}};
}

/// A data member that can be read and set. What has a kept_copy() is kept as that.
template <auto F>
MethodGroup property(const char* getter, const char* setter) {
  return {{getter, detail::as_method(&detail::Property<decltype(F)>::template get<F>), false},
          {setter, detail::as_method(&detail::Property<decltype(F)>::template set<F>), false}};
}

/// -copy through T's copy constructor, for descriptors.
template <class T>
MethodGroup copying() {
  constexpr auto copy = [](const T* self, SEL) -> T* { return make<T>(*self).detach(); };
  return {{"copy", detail::as_method(+copy), false}};
}

/// One class as written in its file; lives as long as the program.
struct ClassRecord {
  const char* name;
  objc_class* storage;
  objc_class* superclass;         ///< null for the root
  size_t size;                    ///< of an instance
  void (*construct)(void*);       ///< in that much memory; null: +alloc refuses
  void (*destroy)(objc_object*);  ///< and frees the memory; null: instances are not counted
  bool blocks;                    ///< instances are blocks
  std::vector<MethodEntry> methods;
  const ClassRecord* next;
};

/// More methods of a class, written in a file of their own.
struct CategoryRecord {
  objc_class* storage;
  std::vector<MethodEntry> methods;
  const CategoryRecord* next;
};

/// Takes a record in before the first look-up; called while the library is loaded.
void add_class(ClassRecord* record);
void add_category(CategoryRecord* record);

/// Made before the other globals of a program that links Anvil statically: metal-cpp's look classes
/// up.
#define ANVIL_OBJC_CLASS_DEFINITION [[gnu::init_priority(200)]] const ::anvil::objc::ClassDefinition
#define ANVIL_OBJC_CATEGORY [[gnu::init_priority(200)]] const ::anvil::objc::CategoryDefinition

template <class T>
concept HasSuper = requires { typename T::Super; };

/// T::Super names the superclass's struct. Instances can be made with +alloc when T has a default
/// constructor.
template <class T>
class ClassDefinition {
 public:
  ClassDefinition(const char* name, std::initializer_list<MethodGroup> groups)
      : record_{name,
                class_of<T>(),
                superclass(),
                sizeof(T),
                nullptr,
                nullptr,
                std::is_base_of_v<BlockObject, T>,
                {},
                nullptr} {
    for (const MethodGroup& group : groups)
      record_.methods.insert(record_.methods.end(), group.begin(), group.end());
    if constexpr (std::is_base_of_v<Object, T>) {
      static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
      record_.destroy = [](objc_object* object) {
        T* self = static_cast<T*>(object);
        if (self->known_elsewhere.load(std::memory_order_relaxed)) forget_object(self);
        note_instance(self, -1);
        self->~T();
        // Without a size: instances of subclasses that a compiler made are larger.
        ::operator delete(static_cast<void*>(self));
      };
      if constexpr (std::is_default_constructible_v<T>)
        record_.construct = [](void* memory) { new (memory) T; };
    }
    add_class(&record_);
  }
  ClassDefinition(const ClassDefinition&) = delete;
  ~ClassDefinition() = default;

 private:
  static objc_class* superclass() {
    if constexpr (HasSuper<T>)
      return class_of<typename T::Super>();
    else
      return nullptr;
  }
  ClassRecord record_;
};

template <class T>
class CategoryDefinition {
 public:
  CategoryDefinition(std::initializer_list<MethodGroup> groups)
      : record_{class_of<T>(), {}, nullptr} {
    for (const MethodGroup& group : groups)
      record_.methods.insert(record_.methods.end(), group.begin(), group.end());
    add_category(&record_);
  }
  CategoryDefinition(const CategoryDefinition&) = delete;
  ~CategoryDefinition() = default;

 private:
  CategoryRecord record_;
};

}  // namespace anvil::objc
