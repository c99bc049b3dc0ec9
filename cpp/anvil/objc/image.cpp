// Takes in what a compiler made of Objective-C: selectors, classes, categories and protocols of a
// program or library, as <objc/image.h> hands them over.
#include <objc/image.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>
#include <stdexcept>

#include "cast.hpp"
#include "exceptions.hpp"
#include "instances.hpp"
#include "protocols.hpp"
#include "registry.hpp"
#include "runtime.hpp"

/// objc_class::methods of what stands in libanvil-objc for a class of Anvil's; `info` is its name.
extern "C" ANVIL_EXPORT const IMP anvil_objc_placeholder[1];
const IMP anvil_objc_placeholder[1] = {nullptr};

namespace anvil::objc {

/// `destroy` of a placeholder is not null for a metaclass.
Class resolve_class(Class cls) {
  if (!cls || cls->methods != anvil_objc_placeholder) return cls;
  objc_class* found = Registry::get().find_class(reinterpret_cast<const char*>(cls->info));
  return cls->destroy ? found->isa : found;
}

namespace {

/// A compiler has `_objc_empty_cache` there.
bool is_taken_in(const objc_class* cls) {
  return Registry::get().has(cls);
}

void add_methods(objc_class* cls, const CompiledList<CompiledMethod>* methods) {
  Registry& registry = Registry::get();
  for (const CompiledMethod& method : Entries{methods})
    registry.set_method(cls, registry.selector(method.name), method.code, method.types);
}

void add_protocols(objc_class* cls, const CompiledProtocols* protocols) {
  for (CompiledProtocol* protocol : Entries{protocols})
    cls->info->protocols.push_back(unique_protocol(protocol));
}

/// Moves the instance variables behind those of the superclass, which may be larger than the
/// compiler knew.
void place_ivars(ClassInfo& info, const CompiledClass& compiled, size_t super_size) {
  info.size = compiled.instance_size;
  if (compiled.instance_start >= super_size) return;
  uint32_t alignment = 8;
  for (const objc_ivar& ivar : Entries{compiled.ivars})
    alignment = std::max(alignment, 1u << ivar.alignment_log2);
  const size_t difference =
      (super_size - compiled.instance_start + alignment - 1) / alignment * alignment;
  for (const objc_ivar& ivar : Entries{compiled.ivars})
    if (ivar.offset) *ivar.offset += static_cast<std::ptrdiff_t>(difference);
  info.size += difference;
}

/// Gives a class of the compiler's the runtime's form, in place.
void take_in(objc_class* cls) {
  if (is_taken_in(cls)) return;
  objc_class* meta = cls->isa;
  objc_class* super = resolve_class(cls->superclass);
  if (super) take_in(super);
  const auto& compiled = *reinterpret_cast<const CompiledClass*>(cls->info);
  const auto& compiled_meta = *reinterpret_cast<const CompiledClass*>(meta->info);
  auto* info = new ClassInfo(compiled.name);
  info->compiled = &compiled;
  if (super) {
    place_ivars(*info, compiled, super->info->size);
    info->construct = super->info->construct;
    info->reclaim = super->info->reclaim;
  } else {
    info->size = compiled.instance_size;
  }
  auto* meta_info = new ClassInfo(compiled.name, true);
  meta_info->compiled = &compiled_meta;
  *meta = {{super ? super->isa->isa : meta}, super ? super->isa : cls, nullptr, nullptr, meta_info};
  *cls = {{meta}, super, nullptr, super && super->destroy ? &deallocate : nullptr, info};
  if (super) info->messages = super->info->messages;
  if (!Registry::get().add(cls))
    throw std::logic_error(std::string("class ") + compiled.name +
                           " is defined twice: in two of the program's images, or as one of "
                           "Anvil's own");
  add_protocols(cls, compiled.protocols);
  add_methods(cls, compiled.methods);
  add_methods(meta, compiled_meta.methods);
}

/// Objects of classes that count by methods of their own are asked by messages.
void settle(objc_class* cls) {
  Registry& registry = Registry::get();
  const auto overrides = [&](const char* name) {
    return cls->info->methods.contains(registry.selector(name));
  };
  if (cls->destroy && (overrides("retain") || overrides("release"))) {
    cls->info->messages = true;
    cls->destroy = nullptr;
  }
  static const SEL initialize = registry.selector("initialize");
  static objc_class* const root = registry.find_class("NSObject");
  const objc_method* method = registry.find_method(cls->isa, initialize);
  const objc_method* of_root = registry.find_method(root->isa, initialize);
  if (method && method != of_root) registry.trap_first_message(cls);
}

void send_load(objc_class* cls, const CompiledList<CompiledMethod>* methods) {
  for (const CompiledMethod& method : Entries{methods})
    if (std::string_view(method.name) == "load")
      call<void>(method.code, cls, Registry::get().selector("load"));
}

/// Superclasses of an image come before what inherits from them.
void send_load_to_class(objc_class* cls, std::set<objc_class*>& sent) {
  if (!cls || !sent.insert(cls).second || !cls->info->compiled) return;
  send_load_to_class(cls->superclass, sent);
  send_load(cls, cls->isa->info->compiled->methods);
}

/// A section of pointers to T.
template <class T>
struct Section {
  Section(void** first, void** last)
      : first(reinterpret_cast<T**>(first)), last(reinterpret_cast<T**>(last)) {}
  T **first, **last;
  T** begin() const { return first; }
  T** end() const { return last; }
};

void load(const anvil_objc_image& image) {
  Registry& registry = Registry::get();
  const Section<objc_selector> selectors(image.selectors, image.selectors_end);
  const Section<objc_class> classes(image.classes, image.classes_end);
  const Section<CompiledCategory> categories(image.categories, image.categories_end);
  for (SEL& selector : selectors)
    selector = registry.selector(reinterpret_cast<const char*>(selector));
  const Section<CompiledProtocol> protocols(image.protocols, image.protocols_end);
  const Section<CompiledProtocol> named(image.protocol_references, image.protocol_references_end);
  for (const auto& section : {protocols, named})
    for (CompiledProtocol*& protocol : section)
      protocol = reinterpret_cast<CompiledProtocol*>(unique_protocol(protocol));
  for (objc_class* cls : classes) take_in(cls);
  const Section<objc_class> used(image.class_references, image.class_references_end);
  const Section<objc_class> above(image.super_references, image.super_references_end);
  for (const auto& section : {used, above})
    for (objc_class*& cls : section) cls = resolve_class(cls);
  for (CompiledCategory* category : categories) {
    objc_class* cls = category->cls = resolve_class(category->cls);
    if (!cls) continue;  // of a class that is linked weakly, and not there
    add_methods(cls, category->instance_methods);
    add_methods(cls->isa, category->class_methods);
    add_protocols(cls, category->protocols);
  }
  for (objc_class* cls : classes) settle(cls);
  std::set<objc_class*> sent;
  for (objc_class* cls : classes) send_load_to_class(cls, sent);
  for (CompiledCategory* category : categories)
    if (category->cls) send_load(category->cls, category->class_methods);
}

}  // namespace
}  // namespace anvil::objc

ANVIL_EXPORT void anvil_objc_load(const anvil_objc_image* image) {
  // Every object file of an image brings the call.
  static std::mutex& mutex = *new std::mutex;
  static auto& loaded = *new std::set<const void*>;
  {
    const void* key = nullptr;
    for (const void* start : {image->selectors, image->class_references, image->classes,
                              image->categories, image->protocols})
      if (!key) key = start;
    std::lock_guard lock(mutex);
    if (!key || !loaded.insert(key).second) return;
  }
  try {
    anvil::objc::load(*image);
  } catch (const std::exception& error) {
    // In a constructor of a library nobody can catch it.
    std::fprintf(stderr, "Anvil: %s\n", error.what());
    std::abort();
  }
}

/// Called by the first message to a class (message.S): sends +initialize, superclass first.
extern "C" __attribute__((visibility("hidden"))) void anvil_objc_initialize(objc_class* cls) {
  using namespace anvil::objc;
  static std::recursive_mutex& mutex = *new std::recursive_mutex;
  static auto& begun = *new std::set<objc_class*>;
  std::lock_guard lock(mutex);
  if (cls->superclass) anvil_objc_initialize(cls->superclass);
  if (!cls->info->compiled || !begun.insert(cls).second) return;
  static const SEL initialize = sel_registerName("initialize");
  call<void>(cls->isa->info->table[initialize->index], cls, initialize);
  Registry::get().untrap(cls);
}
