#include "anvil/foundation/object.hpp"

#include <cstdio>

#include "anvil/foundation/string.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil {
namespace {

/// What -methodSignatureForSelector: answers for a method that exists; metal-cpp only asks for nil
/// or not.
struct MethodSignature : objc::Object {
  using Super = RootObject;
};

ANVIL_OBJC_CLASS_DEFINITION<MethodSignature> signature_definition{"NSMethodSignature", {}};

objc_object* alloc(objc_class* cls) {
  if (!cls->create)
    throw InvalidUse(std::string("+[") + cls->name +
                     " alloc]: objects of this class are made by others only");
  return cls->create();
}
objc_object* self_of(objc_object* self) {
  return self;
}
objc_object* retain_object(objc_object* self) {
  objc::retain(self);
  return self;
}
void release_object(objc_object* self) {
  objc::release(self);
}
objc_object* autorelease_object(objc_object* self) {
  objc::autorelease(self);
  return self;
}
size_t retain_count(objc_object* self) {
  if (!self->isa->counted) return SIZE_MAX;
  return static_cast<objc::Object*>(self)->references.load(std::memory_order_relaxed);
}
Class class_of_object(objc_object* self) {
  return self->isa->is_metaclass ? static_cast<Class>(self) : self->isa;
}
Class superclass_of_object(objc_object* self) {
  return class_of_object(self)->superclass;
}
bool responds(objc_object* self, SEL selector) {
  return objc::responds(self->isa, selector);
}
bool is_kind(objc_object* self, Class cls) {
  return objc::is_kind_of(self, cls);
}
bool is_member(objc_object* self, Class cls) {
  return self->isa == cls;
}
objc_object* method_signature(objc_object* self, SEL selector) {
  if (!objc::responds(self->isa, selector)) return nullptr;
  static objc_object* const signature = objc::make<MethodSignature>().detach();
  return signature;
}
bool is_same(objc_object* self, objc_object* other) {
  return self == other;
}
size_t hash(objc_object* self) {
  return reinterpret_cast<size_t>(self) >> 4;
}
objc_object* description(objc_object* self) {
  char text[160];
  std::snprintf(text, sizeof text, self->isa->is_metaclass ? "%s" : "<%s: %p>", self->isa->name,
                static_cast<void*>(self));
  return make_string(text).autoreleased();
}
objc_object* debug_description(objc_object* self) {
  static const SEL selector = sel_registerName("description");
  return objc::send<objc_object*>(self, selector);
}

ANVIL_OBJC_CLASS_DEFINITION<RootObject> definition{
    "NSObject",
    {
        objc::class_function<&alloc>("alloc"),
        objc::class_function<&alloc>("new"),
        objc::function<&self_of>("init"),
        objc::function<&self_of>("self"),
        objc::function<&retain_object>("retain"),
        objc::function<&release_object>("release"),
        objc::function<&autorelease_object>("autorelease"),
        objc::function<&retain_count>("retainCount"),
        objc::function<&class_of_object>("class"),
        objc::function<&superclass_of_object>("superclass"),
        objc::function<&responds>("respondsToSelector:"),
        objc::function<&method_signature>("methodSignatureForSelector:"),
        objc::function<&is_kind>("isKindOfClass:"),
        objc::function<&is_member>("isMemberOfClass:"),
        objc::function<&is_same>("isEqual:"),
        objc::function<&hash>("hash"),
        objc::function<&description>("description"),
        objc::function<&debug_description>("debugDescription"),
    }};

}  // namespace

bool is_equal(const objc_object* a, const objc_object* b) {
  static const SEL selector = sel_registerName("isEqual:");
  return a == b || (a && b && objc::send<bool>(a, selector, b));
}

size_t hash_of(const objc_object* object) {
  static const SEL selector = sel_registerName("hash");
  return objc::send<size_t>(object, selector);
}

std::string description_of(const objc_object* object) {
  if (!object) return "(null)";
  static const SEL selector = sel_registerName("description");
  return std::string(utf8(objc::as<String>(objc::send<objc_object*>(object, selector))));
}

}  // namespace anvil
