// What clang writes for classes, categories and protocols: Apple's layouts (objc4's
// objc-runtime-new.h names them class_ro_t, category_t, ...), 64 bits.
#pragma once

#include <cstdint>

#include "object.hpp"

struct objc_ivar {
  std::ptrdiff_t* offset;  ///< written by the runtime where the superclass's size is not known
  const char* name;
  const char* types;
  uint32_t alignment_log2;
  uint32_t size;
};

struct objc_property {
  const char* name;
  const char* attributes;
};

namespace anvil::objc {

struct CompiledMethod {
  const char* name;
  const char* types;
  IMP code;
};

/// A count, and the entries behind it.
template <class T>
struct CompiledList {
  uint32_t entry_size;  ///< the lowest bits are flags
  uint32_t count;
  const T* begin() const { return reinterpret_cast<const T*>(this + 1); }
  const T* end() const { return begin() + count; }
};

struct CompiledProtocol;
struct CompiledProtocols {
  uint64_t count;
  CompiledProtocol* const* begin() const {
    return reinterpret_cast<CompiledProtocol* const*>(this + 1);
  }
  CompiledProtocol* const* end() const { return begin() + count; }
};

struct CompiledProtocol : objc_object {
  const char* name;
  const CompiledProtocols* protocols;
  const CompiledList<CompiledMethod>* instance_methods;
  const CompiledList<CompiledMethod>* class_methods;
  const CompiledList<CompiledMethod>* optional_instance_methods;
  const CompiledList<CompiledMethod>* optional_class_methods;
  const CompiledList<objc_property>* properties;
  uint32_t size;
  uint32_t flags;
};

struct CompiledClass {
  uint32_t flags;
  uint32_t instance_start;
  uint32_t instance_size;
  uint32_t reserved;
  const uint8_t* strong_layout;
  const char* name;
  const CompiledList<CompiledMethod>* methods;
  const CompiledProtocols* protocols;
  const CompiledList<objc_ivar>* ivars;
  const uint8_t* weak_layout;
  const CompiledList<objc_property>* properties;
};

struct CompiledCategory {
  const char* name;
  objc_class* cls;
  const CompiledList<CompiledMethod>* instance_methods;
  const CompiledList<CompiledMethod>* class_methods;
  const CompiledProtocols* protocols;
  const CompiledList<objc_property>* properties;
};

/// A list that may not be there.
template <class List>
struct Entries {
  const List* list;
  auto begin() const { return list ? list->begin() : nullptr; }
  auto end() const { return list ? list->end() : nullptr; }
};
template <class List>
Entries(const List*) -> Entries<List>;

}  // namespace anvil::objc
