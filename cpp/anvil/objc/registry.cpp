#include "registry.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

#include "runtime.hpp"

// message.S is written to these.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winvalid-offsetof"
static_assert(sizeof(objc_object) == 8 && offsetof(objc_class, superclass) == 8);
static_assert(offsetof(objc_class, methods) == 16 && sizeof(objc_class) == 40);
static_assert(offsetof(objc_class, info) == 32 && offsetof(anvil::objc::ClassInfo, table) == 0);
static_assert(offsetof(objc_selector, index) == 0);
#pragma clang diagnostic pop

extern "C" void anvil_objc_first_message();

namespace anvil::objc {
namespace {

constinit const ClassRecord* class_records = nullptr;
constinit const CategoryRecord* category_records = nullptr;

template <class T>
void store(T& place, T value) {
  std::atomic_ref(place).store(value, std::memory_order_release);
}

}  // namespace

IMP forward() {
  return detail::as_method(&anvil_objc_forward);
}

void add_class(ClassRecord* record) {
  record->next = class_records;
  class_records = record;
}

void add_category(CategoryRecord* record) {
  record->next = category_records;
  category_records = record;
}

Registry& Registry::get() {
  static Registry& registry = *new Registry;
  return registry;
}

SEL Registry::selector(std::string_view name) {
  std::lock_guard lock(mutex_);
  return selector_locked(name);
}

objc_class* Registry::find_defined(std::string_view name) {
  std::lock_guard lock(mutex_);
  return find_locked(name);
}

objc_class* Registry::find_class(std::string_view name) {
  std::lock_guard lock(mutex_);
  if (objc_class* found = find_locked(name)) return found;
  constexpr std::string_view apple[] = {"NS", "MTL", "CA", "MPS"};
  if (std::none_of(std::begin(apple), std::end(apple),
                   [&](std::string_view prefix) { return name.starts_with(prefix); }))
    return nullptr;
  const char* stored = strndup(name.data(), name.size());
  auto* meta = new objc_class{{nullptr}, nullptr, nullptr, nullptr, new ClassInfo(stored, true)};
  meta->isa = meta;
  auto* cls = new objc_class{{meta}, nullptr, nullptr, nullptr, new ClassInfo(stored)};
  link(meta);
  link(cls);
  for (const char* ask : {"respondsToSelector:", "methodSignatureForSelector:"})
    set_method_locked(meta, selector_locked(ask),
                      detail::as_method(+[](objc_object*, SEL, SEL) -> void* { return nullptr; }),
                      "");
  by_name_.emplace(stored, cls);
  return cls;
}

bool Registry::has(const objc_class* cls) {
  std::lock_guard lock(mutex_);
  return known_.contains(cls);
}

bool Registry::add(objc_class* cls) {
  std::lock_guard lock(mutex_);
  if (find_locked(cls->info->name)) return false;
  add_locked(cls);
  return true;
}

void Registry::set_method(objc_class* cls, SEL selector, IMP code, const char* types) {
  std::lock_guard lock(mutex_);
  set_method_locked(cls, selector, code, types);
}

void Registry::exchange(objc_method& first, objc_method& second) {
  std::lock_guard lock(mutex_);
  std::swap(first.imp, second.imp);
  for (objc_class* cls : all_)
    for (objc_method* method : {&first, &second})
      if (auto found = cls->info->methods.find(method->name);
          found != cls->info->methods.end() && &found->second == method)
        refresh(cls, method->name, method->imp);
}

objc_method* Registry::find_method(objc_class* cls, SEL selector) {
  std::lock_guard lock(mutex_);
  for (; cls; cls = cls->superclass)
    if (auto found = cls->info->methods.find(selector); found != cls->info->methods.end())
      return &found->second;
  return nullptr;
}

const char* Registry::keep(const char* text) {
  std::lock_guard lock(mutex_);
  return texts_.emplace(text).first->c_str();
}

void Registry::trap_first_message(objc_class* cls) {
  std::lock_guard lock(mutex_);
  if (!trap_) {
    trap_ = new_table(nullptr);
    std::fill_n(trap_, capacity_, detail::as_method(&anvil_objc_first_message));
  }
  store(cls->isa->methods, const_cast<const IMP*>(trap_));
}

bool Registry::untrap(objc_class* cls) {
  std::lock_guard lock(mutex_);
  if (cls->isa->methods != trap_) return false;
  store(cls->isa->methods, const_cast<const IMP*>(cls->isa->info->table));
  return true;
}

std::vector<objc_class*> Registry::classes() {
  std::lock_guard lock(mutex_);
  std::vector<objc_class*> found;
  for (objc_class* cls : all_)
    if (!cls->info->is_metaclass) found.push_back(cls);
  return found;
}

Registry::Registry() {
  for (const ClassRecord* record = class_records; record; record = record->next)
    by_storage_[record->storage] = record;
  // Room for all of them at once, and for a program's own.
  capacity_ = 1536;
  for (const ClassRecord* record = class_records; record; record = record->next) build(*record);
  for (const CategoryRecord* record = category_records; record; record = record->next)
    add_methods(record->storage, record->methods);
}

void Registry::add_methods(objc_class* cls, const std::vector<MethodEntry>& methods) {
  for (const MethodEntry& method : methods)
    set_method_locked(method.on_class ? cls->isa : cls, selector_locked(method.selector),
                      method.code, "");
}

SEL Registry::selector_locked(std::string_view name) {
  if (auto found = selectors_.find(name); found != selectors_.end()) return found->second;
  // Leaked on purpose, like all of the registry.
  const char* stored = strndup(name.data(), name.size());
  return selectors_.emplace(stored, new objc_selector{0, stored}).first->second;
}

objc_class* Registry::find_locked(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

void Registry::add_locked(objc_class* cls) {
  link(cls);
  link(cls->isa);
  by_name_.emplace(cls->info->name, cls);
}

/// Enters a class below its superclass, with the superclass's methods.
void Registry::link(objc_class* cls) {
  all_.push_back(cls);
  known_.insert(cls);
  if (cls->superclass) {
    cls->superclass->info->subclasses.push_back(cls);
    publish(cls, cls->superclass->info->table);
  } else {
    cls->info->owns_table = true;
    publish(cls, new_table(nullptr));
  }
}

void Registry::build(const ClassRecord& record) {
  objc_class* cls = record.storage;
  if (cls->info) return;
  if (record.superclass) build(*by_storage_.at(record.superclass));
  objc_class* super = record.superclass;
  *cls = {{nullptr}, super, nullptr, record.destroy, new ClassInfo(record.name)};
  cls->info->size = record.size;
  cls->info->construct = record.construct;
  cls->info->reclaim = record.destroy;
  cls->info->blocks = record.blocks;
  // The root's metaclass inherits from the root class: class objects answer its instance methods.
  auto* meta = new objc_class{
      {nullptr}, super ? super->isa : cls, nullptr, nullptr, new ClassInfo(record.name, true)};
  meta->isa = super ? super->isa->isa : meta;
  cls->isa = meta;
  add_locked(cls);
  add_methods(cls, record.methods);
}

void Registry::give_index(SEL selector) {
  if (selector->index) return;
  if (selector_count_ == capacity_) grow();
  store(selector->index, selector_count_++);
}

/// Whoever knows a new index knows, by the order of memory, the tables that have room for it.
void Registry::grow() {
  const uint32_t before = capacity_;
  capacity_ *= 2;
  IMP* const trap = trap_;
  if (trap_) {
    trap_ = make_table();
    std::fill_n(trap_, capacity_, detail::as_method(&anvil_objc_first_message));
  }
  for (objc_class* cls : all_) {
    const bool trapped = trap && cls->methods == trap;
    if (cls->info->owns_table) {
      IMP* larger = make_table();
      std::copy_n(cls->info->table, before, larger);
      std::fill(larger + before, larger + capacity_, forward());
      publish(cls, larger);
    } else {
      publish(cls, cls->superclass->info->table);
    }
    if (trapped) store(cls->methods, const_cast<const IMP*>(trap_));
  }
}

IMP* Registry::make_table() {
  return tables_.emplace_back(std::make_unique_for_overwrite<IMP[]>(capacity_)).get();
}

IMP* Registry::new_table(const IMP* inherited) {
  IMP* table = make_table();
  if (inherited)
    std::copy_n(inherited, capacity_, table);
  else
    std::fill_n(table, capacity_, forward());
  return table;
}

void Registry::publish(objc_class* cls, IMP* table) {
  cls->info->table = table;
  if (!trap_ || cls->methods != trap_) store(cls->methods, const_cast<const IMP*>(table));
}

void Registry::set_method_locked(objc_class* cls, SEL selector, IMP code, const char* types) {
  give_index(selector);
  cls->info->methods[selector] = {selector, types, code};
  if (!cls->info->owns_table) {
    publish(cls, new_table(cls->info->table));
    cls->info->owns_table = true;
  }
  refresh(cls, selector, code);
}

void Registry::refresh(objc_class* cls, SEL selector, IMP code) {
  if (cls->info->owns_table)
    store(cls->info->table[selector->index], code);
  else
    publish(cls, cls->superclass->info->table);
  for (objc_class* sub : cls->info->subclasses)
    if (!sub->info->methods.contains(selector)) refresh(sub, selector, code);
}

}  // namespace anvil::objc
