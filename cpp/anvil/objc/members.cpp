// Instance variables and properties of classes.
#include <cstring>
#include <vector>

#include "compiled.hpp"
#include "registry.hpp"
#include "runtime.hpp"

namespace anvil::objc {
namespace {

template <class T>
T* named(const CompiledList<T>* list, const char* name) {
  for (const T& entry : Entries{list})
    if (std::strcmp(entry.name, name) == 0) return const_cast<T*>(&entry);
  return nullptr;
}

template <class T>
T** copied(const CompiledList<T>* list, unsigned int* count) {
  if (count) *count = list ? list->count : 0;
  if (!list || list->count == 0) return nullptr;
  auto** entries = static_cast<T**>(std::calloc(list->count + 1, sizeof(T*)));
  if (!entries) throw std::bad_alloc();
  for (uint32_t i = 0; i < list->count; ++i) entries[i] = const_cast<T*>(list->begin() + i);
  return entries;
}

objc_object** slot(objc_object* object, const objc_ivar* ivar) {
  return reinterpret_cast<objc_object**>(reinterpret_cast<char*>(object) + *ivar->offset);
}

}  // namespace
}  // namespace anvil::objc

using namespace anvil::objc;

extern "C" {

ANVIL_EXPORT Ivar class_getInstanceVariable(Class cls, const char* name) {
  for (; cls && name; cls = cls->superclass) {
    if (cls->info->compiled)
      if (objc_ivar* found = named(cls->info->compiled->ivars, name)) return found;
    for (objc_ivar* ivar : cls->info->added_ivars)
      if (std::strcmp(ivar->name, name) == 0) return ivar;
  }
  return nullptr;
}
ANVIL_EXPORT Ivar* class_copyIvarList(Class cls, unsigned int* count) {
  if (count) *count = 0;
  return cls && cls->info->compiled ? copied(cls->info->compiled->ivars, count) : nullptr;
}
/// Only before the class has instances or subclasses.
ANVIL_EXPORT BOOL class_addIvar(Class cls, const char* name, size_t size, uint8_t alignment,
                                const char* types) {
  if (!cls || !name || cls->info->compiled || !cls->info->subclasses.empty()) return false;
  const size_t unit = size_t{1} << alignment;
  const size_t offset = (cls->info->size + unit - 1) / unit * unit;
  cls->info->size = offset + size;
  cls->info->added_ivars.push_back(new objc_ivar{
      new ptrdiff_t(static_cast<ptrdiff_t>(offset)), Registry::get().keep(name),
      Registry::get().keep(types ? types : ""), alignment, static_cast<uint32_t>(size)});
  return true;
}
ANVIL_EXPORT const char* ivar_getName(Ivar ivar) {
  return ivar ? ivar->name : nullptr;
}
ANVIL_EXPORT const char* ivar_getTypeEncoding(Ivar ivar) {
  return ivar ? ivar->types : nullptr;
}
ANVIL_EXPORT ptrdiff_t ivar_getOffset(Ivar ivar) {
  return ivar ? *ivar->offset : 0;
}
ANVIL_EXPORT id object_getIvar(id object, Ivar ivar) {
  return object && ivar ? *slot(object, ivar) : nullptr;
}
ANVIL_EXPORT void object_setIvar(id object, Ivar ivar, id value) {
  if (object && ivar) *slot(object, ivar) = value;
}
ANVIL_EXPORT objc_property_t class_getProperty(Class cls, const char* name) {
  for (; cls && name; cls = cls->superclass)
    if (cls->info->compiled)
      if (objc_property* found = named(cls->info->compiled->properties, name)) return found;
  return nullptr;
}
ANVIL_EXPORT objc_property_t* class_copyPropertyList(Class cls, unsigned int* count) {
  if (count) *count = 0;
  return cls && cls->info->compiled ? copied(cls->info->compiled->properties, count) : nullptr;
}
ANVIL_EXPORT const char* property_getName(objc_property_t property) {
  return property ? property->name : nullptr;
}
ANVIL_EXPORT const char* property_getAttributes(objc_property_t property) {
  return property ? property->attributes : nullptr;
}

}  // extern "C"
