#include "protocols.hpp"

#include <cstring>
#include <string>

#include "runtime.hpp"

namespace anvil::objc {
namespace {

struct Protocols {
  std::mutex mutex;
  std::unordered_map<std::string, CompiledProtocol*> by_name;
  static Protocols& get() {
    static Protocols& all = *new Protocols;
    return all;
  }
};

const CompiledProtocol* compiled(const Protocol* protocol) {
  return reinterpret_cast<const CompiledProtocol*>(protocol);
}

bool conforms(const CompiledProtocol* protocol, const CompiledProtocol* other) {
  if (!protocol || !other) return false;
  if (std::strcmp(protocol->name, other->name) == 0) return true;
  for (const CompiledProtocol* inherited : Entries{protocol->protocols})
    if (conforms(inherited, other)) return true;
  return false;
}

objc_method_description find(const CompiledProtocol* protocol, SEL selector, bool required,
                             bool instance) {
  const auto* methods =
      instance   ? required ? protocol->instance_methods : protocol->optional_instance_methods
      : required ? protocol->class_methods
                 : protocol->optional_class_methods;
  for (const CompiledMethod& method : Entries{methods})
    if (std::strcmp(method.name, selector->name) == 0)
      return {selector, const_cast<char*>(method.types)};
  for (const CompiledProtocol* inherited : Entries{protocol->protocols})
    if (auto found = find(inherited, selector, required, instance); found.name) return found;
  return {nullptr, nullptr};
}

}  // namespace

Protocol* unique_protocol(CompiledProtocol* protocol) {
  Protocols& all = Protocols::get();
  std::lock_guard lock(all.mutex);
  const auto [entry, is_new] = all.by_name.try_emplace(protocol->name, protocol);
  if (is_new) protocol->isa = Registry::get().find_class("Protocol");
  return reinterpret_cast<Protocol*>(entry->second);
}

bool conforms(objc_class* cls, const Protocol* protocol) {
  for (; cls; cls = cls->superclass) {
    // What is a protocol in Metal is a class here, of the same name.
    if (std::strcmp(cls->info->name, compiled(protocol)->name) == 0) return true;
    for (const Protocol* own : cls->info->protocols)
      if (conforms(compiled(own), compiled(protocol))) return true;
  }
  return false;
}

}  // namespace anvil::objc

using namespace anvil::objc;

extern "C" {

ANVIL_EXPORT Protocol* objc_getProtocol(const char* name) {
  if (!name) return nullptr;
  Protocols& all = Protocols::get();
  std::lock_guard lock(all.mutex);
  const auto found = all.by_name.find(name);
  return found == all.by_name.end() ? nullptr : reinterpret_cast<Protocol*>(found->second);
}
ANVIL_EXPORT const char* protocol_getName(Protocol* protocol) {
  return protocol ? compiled(protocol)->name : "nil";
}
ANVIL_EXPORT BOOL protocol_isEqual(Protocol* protocol, Protocol* other) {
  return protocol == other ||
         (protocol && other && !std::strcmp(compiled(protocol)->name, compiled(other)->name));
}
ANVIL_EXPORT BOOL protocol_conformsToProtocol(Protocol* protocol, Protocol* other) {
  return conforms(compiled(protocol), compiled(other));
}
ANVIL_EXPORT objc_method_description protocol_getMethodDescription(Protocol* protocol, SEL selector,
                                                                   BOOL required, BOOL instance) {
  if (!protocol || !selector) return {nullptr, nullptr};
  return find(compiled(protocol), selector, required, instance);
}
ANVIL_EXPORT BOOL class_conformsToProtocol(Class cls, Protocol* protocol) {
  return cls && protocol && anvil::objc::conforms(cls, protocol);
}
ANVIL_EXPORT BOOL class_addProtocol(Class cls, Protocol* protocol) {
  if (!cls || !protocol) return false;
  for (const Protocol* own : cls->info->protocols)
    if (own == protocol) return false;
  cls->info->protocols.push_back(protocol);
  return true;
}

}  // extern "C"
