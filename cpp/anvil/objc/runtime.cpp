// Selectors, classes and their dispatch tables.
#include "runtime.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "class.hpp"
#include "errors.hpp"

// message.S is written to these.
static_assert(sizeof(objc_object) == 8, "objc_class::methods is at offset 8");
static_assert(offsetof(objc_selector, index) == 0);

/// Every slot of a dispatch table without a method: same arguments as the message.
extern "C" [[noreturn]] __attribute__((visibility("hidden"))) void anvil_objc_forward(
    objc_object* self, SEL selector);

namespace anvil::objc {
namespace {

constinit const ClassRecord* class_records = nullptr;

Method forward() {
  return detail::as_method(&anvil_objc_forward);
}

/// All selectors and classes. Built whole at the first look-up, after which tables never change:
/// sending needs no lock. Never destroyed, as messages are sent until the process has ended.
class Registry {
 public:
  static Registry& get() {
    static Registry& registry = *new Registry;
    return registry;
  }

  SEL selector(std::string_view name) {
    std::lock_guard lock(mutex_);
    return selector_locked(name, 0);
  }

  Class find_class(std::string_view name) {
    std::lock_guard lock(mutex_);
    if (auto found = classes_.find(name); found != classes_.end()) return found->second;
    const bool of_apple =
        name.starts_with("NS") || name.starts_with("MTL") || name.starts_with("CA");
    return of_apple ? stand_in_locked(name) : nullptr;
  }

 private:
  Registry() {
    // Index 0 stands for all selectors that no class here implements.
    uint32_t count = 1;
    for (const ClassRecord* record = class_records; record; record = record->next) {
      by_storage_[record->storage] = record;
      for (const MethodEntry& method : record->methods)
        if (selector_locked(method.selector, count)->index == count) ++count;
    }
    selector_count_ = count;
    for (const ClassRecord* record = class_records; record; record = record->next) build(*record);
  }

  SEL selector_locked(std::string_view name, uint32_t new_index) {
    if (auto found = selectors_.find(name); found != selectors_.end()) return found->second;
    // Leaked on purpose, like all of the registry.
    const char* stored = strndup(name.data(), name.size());
    return selectors_.emplace(stored, new objc_selector{new_index, stored}).first->second;
  }

  const Method* table(const Method* inherited, const ClassRecord& record, bool on_class) {
    Method* table = nullptr;
    for (const MethodEntry& method : record.methods) {
      if (method.on_class != on_class) continue;
      if (!table) table = new_table(inherited);
      table[selectors_.at(method.selector)->index] = method.code;
    }
    if (table) return table;
    return inherited ? inherited : new_table(nullptr);
  }

  Method* new_table(const Method* inherited) {
    auto* table = new Method[selector_count_];
    for (uint32_t i = 0; i < selector_count_; ++i) table[i] = inherited ? inherited[i] : forward();
    return table;
  }

  objc_class* build(const ClassRecord& record) {
    objc_class* cls = record.storage;
    if (cls->methods) return cls;
    objc_class* super = record.superclass ? build(*by_storage_.at(record.superclass)) : nullptr;
    *cls = {{nullptr},      nullptr, super,         record.name,
            record.counted, false,   record.create, record.destroy};
    cls->methods = table(super ? super->methods : nullptr, record, false);
    // The root's metaclass inherits from the root class: class objects answer its instance methods.
    objc_class* meta_super = super ? super->isa : cls;
    auto* meta =
        new objc_class{{nullptr}, nullptr, meta_super, record.name, false, true, nullptr, nullptr};
    meta->isa = super ? super->isa->isa : meta;
    meta->methods = table(meta_super->methods, record, true);
    cls->isa = meta;
    classes_.emplace(record.name, cls);
    return cls;
  }

  /// A class of Apple's that is not here: nil would swallow every message in silence, so that an
  /// object stands in for it whose every method is the error.
  Class stand_in_locked(std::string_view name) {
    if (!empty_table_) empty_table_ = new_table(nullptr);
    const char* stored = strndup(name.data(), name.size());
    auto* meta =
        new objc_class{{nullptr}, empty_table_, nullptr, stored, false, true, nullptr, nullptr};
    meta->isa = meta;
    auto* cls =
        new objc_class{{meta}, empty_table_, nullptr, stored, false, false, nullptr, nullptr};
    const uint32_t asks[] = {selector_locked("respondsToSelector:", 0)->index,
                             selector_locked("methodSignatureForSelector:", 0)->index};
    for (uint32_t index : asks)
      if (index != 0)
        empty_table_[index] =
            detail::as_method(+[](objc_object*, SEL, SEL) -> void* { return nullptr; });
    classes_.emplace(stored, cls);
    return cls;
  }

  std::mutex mutex_;
  std::unordered_map<std::string_view, SEL> selectors_;
  std::unordered_map<std::string_view, Class> classes_;
  std::unordered_map<const objc_class*, const ClassRecord*> by_storage_;
  uint32_t selector_count_ = 0;
  Method* empty_table_ = nullptr;
};

}  // namespace

void add_class(ClassRecord* record) {
  record->next = class_records;
  class_records = record;
}

bool responds(Class cls, SEL selector) {
  return selector && cls->methods[selector->index] != forward();
}

std::string method_name(const objc_object* receiver, SEL selector) {
  const objc_class* cls = receiver->isa;
  return std::string(cls->is_metaclass ? "+[" : "-[") + cls->name + " " + selector->name + "]";
}

}  // namespace anvil::objc

void anvil_objc_forward(objc_object* self, SEL selector) {
  char address[32];
  std::snprintf(address, sizeof address, "%p", static_cast<void*>(self));
  throw anvil::UnrecognizedSelector(anvil::objc::method_name(self, selector) +
                                    ": unrecognized selector sent to instance " + address);
}

extern "C" {

ANVIL_EXPORT SEL sel_registerName(const char* name) {
  return name ? anvil::objc::Registry::get().selector(name) : nullptr;
}

ANVIL_EXPORT const char* sel_getName(SEL selector) {
  return selector ? selector->name : "<null selector>";
}

ANVIL_EXPORT Class objc_lookUpClass(const char* name) {
  return name ? anvil::objc::Registry::get().find_class(name) : nullptr;
}

ANVIL_EXPORT Protocol* objc_getProtocol(const char*) {
  return nullptr;
}

ANVIL_EXPORT const char* class_getName(Class cls) {
  return cls ? cls->name : "nil";
}

}  // extern "C"
