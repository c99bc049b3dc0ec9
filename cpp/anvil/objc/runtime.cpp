// Selectors and classes, as C asks for them.
#include "runtime.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cast.hpp"
#include "errors.hpp"
#include "instances.hpp"
#include "registry.hpp"

void anvil_objc_forward(objc_object* self, SEL selector) {
  char address[32];
  std::snprintf(address, sizeof address, "%p", static_cast<void*>(self));
  throw anvil::UnrecognizedSelector(anvil::objc::method_name(self, selector) +
                                    ": unrecognized selector sent to instance " + address);
}

namespace anvil::objc {

bool responds(Class cls, SEL selector) {
  return selector && cls->info->table[selector->index] != forward();
}

std::string method_name(const objc_object* receiver, SEL selector) {
  const ClassInfo& info = *receiver->isa->info;
  return std::string(info.is_metaclass ? "+[" : "-[") + info.name + " " + selector->name + "]";
}

namespace {

/// A list that the caller frees, with a null behind it.
template <class T>
T* copied(const std::vector<T>& items, unsigned int* count) {
  if (count) *count = static_cast<unsigned int>(items.size());
  if (items.empty()) return nullptr;
  auto* list = static_cast<T*>(std::calloc(items.size() + 1, sizeof(T)));
  if (!list) throw std::bad_alloc();
  std::copy(items.begin(), items.end(), list);
  return list;
}

}  // namespace
}  // namespace anvil::objc

using namespace anvil::objc;

extern "C" {

ANVIL_EXPORT SEL sel_registerName(const char* name) {
  return name ? Registry::get().selector(name) : nullptr;
}
ANVIL_EXPORT SEL sel_getUid(const char* name) {
  return sel_registerName(name);
}
ANVIL_EXPORT const char* sel_getName(SEL selector) {
  return selector ? selector->name : "<null selector>";
}
ANVIL_EXPORT BOOL sel_isMapped(SEL selector) {
  return selector != nullptr;
}
ANVIL_EXPORT BOOL sel_isEqual(SEL first, SEL second) {
  return first == second;
}

ANVIL_EXPORT Class objc_lookUpClass(const char* name) {
  return name ? Registry::get().find_class(name) : nullptr;
}
ANVIL_EXPORT Class objc_getClass(const char* name) {
  return objc_lookUpClass(name);
}
ANVIL_EXPORT Class objc_getMetaClass(const char* name) {
  const Class cls = objc_lookUpClass(name);
  return cls ? cls->isa : nullptr;
}
ANVIL_EXPORT Class objc_getRequiredClass(const char* name) {
  if (const Class cls = objc_lookUpClass(name)) return cls;
  std::fprintf(stderr, "Anvil: objc_getRequiredClass: there is no class %s\n",
               name ? name : "(null)");
  std::abort();
}
ANVIL_EXPORT int objc_getClassList(Class* buffer, int count) {
  const std::vector<Class> all = Registry::get().classes();
  if (buffer) std::copy_n(all.begin(), std::min(static_cast<size_t>(count), all.size()), buffer);
  return static_cast<int>(all.size());
}
ANVIL_EXPORT Class* objc_copyClassList(unsigned int* count) {
  return copied(Registry::get().classes(), count);
}

ANVIL_EXPORT Class objc_allocateClassPair(Class super, const char* name, size_t) {
  if (!super || !name || Registry::get().find_defined(name)) return nullptr;
  auto* info = new ClassInfo(Registry::get().keep(name));
  info->size = super->info->size;
  info->construct = super->info->construct;
  info->reclaim = super->info->reclaim;
  info->messages = super->info->messages;
  info->table = super->info->table;
  auto* meta_info = new ClassInfo(info->name, true);
  meta_info->table = super->isa->info->table;
  auto* meta =
      new objc_class{{super->isa->isa}, super->isa, super->isa->info->table, nullptr, meta_info};
  // Linked at once: methods that are added before it is registered have a place then.
  auto* cls = new objc_class{
      {meta}, super, super->info->table, super->destroy ? &deallocate : nullptr, info};
  return Registry::get().add(cls) ? cls : nullptr;
}
ANVIL_EXPORT void objc_registerClassPair(Class) {}

ANVIL_EXPORT const char* class_getName(Class cls) {
  return cls ? cls->info->name : "nil";
}
ANVIL_EXPORT Class class_getSuperclass(Class cls) {
  return cls ? cls->superclass : nullptr;
}
ANVIL_EXPORT BOOL class_isMetaClass(Class cls) {
  return cls && cls->info->is_metaclass;
}
ANVIL_EXPORT size_t class_getInstanceSize(Class cls) {
  return cls ? cls->info->size : 0;
}
ANVIL_EXPORT BOOL class_respondsToSelector(Class cls, SEL selector) {
  return cls && responds(cls, selector);
}
ANVIL_EXPORT Method class_getInstanceMethod(Class cls, SEL selector) {
  return cls && selector ? Registry::get().find_method(cls, selector) : nullptr;
}
ANVIL_EXPORT Method class_getClassMethod(Class cls, SEL selector) {
  return cls ? class_getInstanceMethod(cls->isa, selector) : nullptr;
}
ANVIL_EXPORT IMP class_getMethodImplementation(Class cls, SEL selector) {
  return cls && selector ? cls->info->table[selector->index] : nullptr;
}
ANVIL_EXPORT Method* class_copyMethodList(Class cls, unsigned int* count) {
  std::vector<Method> methods;
  if (cls)
    for (auto& [selector, method] : cls->info->methods) methods.push_back(&method);
  return copied(methods, count);
}
ANVIL_EXPORT BOOL class_addMethod(Class cls, SEL selector, IMP code, const char* types) {
  if (!cls || !selector || cls->info->methods.contains(selector)) return false;
  Registry::get().set_method(cls, selector, code, Registry::get().keep(types ? types : ""));
  return true;
}
ANVIL_EXPORT IMP class_replaceMethod(Class cls, SEL selector, IMP code, const char* types) {
  if (!cls || !selector) return nullptr;
  const auto found = cls->info->methods.find(selector);
  const IMP before = found == cls->info->methods.end() ? nullptr : found->second.imp;
  Registry::get().set_method(cls, selector, code, Registry::get().keep(types ? types : ""));
  return before;
}
ANVIL_EXPORT id class_createInstance(Class cls, size_t extra) {
  return cls ? create_instance(cls, extra) : nullptr;
}

ANVIL_EXPORT SEL method_getName(Method method) {
  return method ? method->name : nullptr;
}
ANVIL_EXPORT IMP method_getImplementation(Method method) {
  return method ? method->imp : nullptr;
}
ANVIL_EXPORT const char* method_getTypeEncoding(Method method) {
  return method ? method->types : nullptr;
}
ANVIL_EXPORT void method_exchangeImplementations(Method first, Method second) {
  if (first && second) Registry::get().exchange(*first, *second);
}

ANVIL_EXPORT Class object_getClass(id object) {
  return object ? object->isa : nullptr;
}
ANVIL_EXPORT Class object_setClass(id object, Class cls) {
  if (!object) return nullptr;
  const Class before = object->isa;
  note_instance(object, -1);
  object->isa = cls;
  note_instance(object, 1);
  return before;
}
ANVIL_EXPORT BOOL object_isClass(id object) {
  return object && object->isa->info->is_metaclass;
}
ANVIL_EXPORT const char* object_getClassName(id object) {
  return class_getName(object_getClass(object));
}

}  // extern "C"
