#include "anvil/foundation/object.hpp"

#include <cstdio>

#include "anvil/foundation/string.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"
#include "anvil/objc/instances.hpp"

namespace anvil {
namespace {

/// What -methodSignatureForSelector: answers for a method that exists; metal-cpp only asks for nil
/// or not.
struct MethodSignature : objc::Object {
  using Super = RootObject;
};

ANVIL_OBJC_CLASS_DEFINITION<MethodSignature> method_signature_definition{"NSMethodSignature", {}};

objc_object* alloc(objc_class* cls) {
  return objc::create_instance(cls);
}
objc_object* alloc_with_zone(objc_class* cls, void*) {
  static const SEL selector = sel_registerName("alloc");
  return objc::send<objc_object*>(cls, selector);
}
objc_object* make_new(objc_class* cls) {
  static const SEL init = sel_registerName("init");
  return objc::send<objc_object*>(alloc_with_zone(cls, nullptr), init);
}
objc_object* self_of(objc_object* self) {
  return self;
}
bool has_count(const objc_object* self) {
  return self->isa->info->reclaim != nullptr;
}
// By the count itself: a class whose -retain calls this one is asked by messages (count_elsewhere).
objc_object* retain_object(objc_object* self) {
  if (has_count(self)) objc::count_up(static_cast<objc::Object*>(self));
  return self;
}
void release_object(objc_object* self) {
  if (has_count(self)) objc::count_down(static_cast<objc::Object*>(self));
}
void dealloc(objc_object* self) {
  objc::destroy_instance(self);
}
objc_object* autorelease_object(objc_object* self) {
  objc::autorelease(self);
  return self;
}
size_t retain_count(objc_object* self) {
  if (!has_count(self)) return SIZE_MAX;
  return static_cast<objc::Object*>(self)->references.load(std::memory_order_relaxed);
}
Class class_of_object(objc_object* self) {
  return self->isa->info->is_metaclass ? static_cast<Class>(self) : self->isa;
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
  static objc_object* const signature =
      objc::lasting([] { return objc::make<MethodSignature>().detach(); });
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
  std::snprintf(text, sizeof text, self->isa->info->is_metaclass ? "%s" : "<%s: %p>",
                self->isa->info->name, static_cast<void*>(self));
  return make_string(text).autoreleased();
}
objc_object* debug_description(objc_object* self) {
  static const SEL selector = sel_registerName("description");
  return objc::send<objc_object*>(self, selector);
}

objc_object* copy(objc_object* self) {
  static const SEL selector = sel_registerName("copyWithZone:");
  return objc::send<objc_object*>(self, selector, static_cast<void*>(nullptr));
}
objc_object* mutable_copy(objc_object* self) {
  static const SEL selector = sel_registerName("mutableCopyWithZone:");
  return objc::send<objc_object*>(self, selector, static_cast<void*>(nullptr));
}
objc_object* perform(objc_object* self, SEL selector) {
  return objc::send<objc_object*>(self, selector);
}
objc_object* perform_with(objc_object* self, SEL selector, objc_object* object) {
  return objc::send<objc_object*>(self, selector, object);
}
objc_object* perform_with_two(objc_object* self, SEL selector, objc_object* first,
                              objc_object* second) {
  return objc::send<objc_object*>(self, selector, first, second);
}
bool never(objc_object*) {
  return false;
}
bool conforms(objc_object* self, Protocol* protocol) {
  return class_conformsToProtocol(class_of_object(self), protocol);
}
bool instances_respond(objc_class* cls, SEL selector) {
  return objc::responds(cls, selector);
}
bool is_subclass(objc_class* cls, Class other) {
  for (const objc_class* c = cls; c; c = c->superclass)
    if (c == other) return true;
  return false;
}
IMP method_for(objc_object* self, SEL selector) {
  return class_getMethodImplementation(self->isa, selector);
}
IMP instance_method_for(objc_class* cls, SEL selector) {
  return class_getMethodImplementation(cls, selector);
}
void refuse(objc_object* self, SEL selector) {
  anvil_objc_forward(self, selector);
}
void nothing(objc_class*) {}

ANVIL_OBJC_CLASS_DEFINITION<RootObject> root_object_definition{
    "NSObject",
    {
        objc::class_function<&alloc>("alloc"),
        objc::class_function<&alloc_with_zone>("allocWithZone:"),
        objc::class_function<&make_new>("new"),
        objc::class_function<&nothing>("initialize"),
        objc::class_function<&instances_respond>("instancesRespondToSelector:"),
        objc::class_function<&instance_method_for>("instanceMethodForSelector:"),
        objc::class_function<&is_subclass>("isSubclassOfClass:"),
        objc::function<&dealloc>("dealloc"),
        objc::function<&copy>("copy"),
        objc::function<&mutable_copy>("mutableCopy"),
        objc::function<&perform>("performSelector:"),
        objc::function<&perform_with>("performSelector:withObject:"),
        objc::function<&perform_with_two>("performSelector:withObject:withObject:"),
        objc::function<&never>("isProxy"),
        objc::function<&conforms>("conformsToProtocol:"),
        objc::function<&method_for>("methodForSelector:"),
        objc::function<&refuse>("doesNotRecognizeSelector:"),
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

namespace {

/// What @protocol makes.
struct ProtocolObject : objc_object {
  using Super = RootObject;
};
objc_object* name_of_protocol(ProtocolObject* self) {
  return make_string(protocol_getName(reinterpret_cast<Protocol*>(self))).autoreleased();
}
ANVIL_OBJC_CLASS_DEFINITION<ProtocolObject> protocol_object_definition{
    "Protocol", {objc::function<&name_of_protocol>("description")}};

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

extern "C" {
ANVIL_EXPORT anvil::String* anvil_NSStringFromClass(Class cls) {
  return cls ? anvil::make_string(class_getName(cls)).autoreleased() : nullptr;
}
ANVIL_EXPORT anvil::String* anvil_NSStringFromSelector(SEL selector) {
  return selector ? anvil::make_string(sel_getName(selector)).autoreleased() : nullptr;
}
ANVIL_EXPORT Class anvil_NSClassFromString(const anvil::String* name) {
  return name ? anvil::objc::Registry::get().find_defined(anvil::utf8(name)) : nullptr;
}
ANVIL_EXPORT SEL anvil_NSSelectorFromString(const anvil::String* name) {
  return name ? sel_registerName(std::string(anvil::utf8(name)).c_str()) : nullptr;
}
ANVIL_EXPORT const void* anvil_CFRetain(const void* object) {
  anvil::objc::retain(static_cast<objc_object*>(const_cast<void*>(object)));
  return object;
}
ANVIL_EXPORT void anvil_CFRelease(const void* object) {
  anvil::objc::release(static_cast<objc_object*>(const_cast<void*>(object)));
}
ANVIL_EXPORT void anvil_objc_enumerationMutation(objc_object* collection) {
  throw anvil::InvalidUse("collection " + anvil::description_of(collection) +
                          " was changed while a loop went over it");
}
}
