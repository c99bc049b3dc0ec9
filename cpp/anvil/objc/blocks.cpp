// The blocks runtime: what clang's -fblocks code calls. ABI: "Block Implementation Specification"
// in clang's documentation; names and layouts are fixed there.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "object.hpp"
#include "runtime.hpp"

namespace {

enum Flags : int32_t {
  kReferenceMask = 0xfffe,  // counts in steps of 2
  kReference = 2,
  kNeedsFree = 1 << 24,
  kHasCopyDispose = 1 << 25,
  kIsGlobal = 1 << 28,
};

enum FieldKind { kObject = 3, kBlock = 7, kByref = 8, kWeak = 16, kByrefCaller = 128 };

struct Descriptor {
  unsigned long reserved;
  unsigned long size;
  // With kHasCopyDispose only.
  void (*copy)(void* to, const void* from);
  void (*dispose)(const void*);
};

struct BlockLayout {
  void* isa;
  int32_t flags;
  int32_t reserved;
  void (*invoke)(void*, ...);
  Descriptor* descriptor;
};

struct ByrefLayout {
  void* isa;
  ByrefLayout* forwarding;
  int32_t flags;
  int32_t size;
  // With kHasCopyDispose only.
  void (*keep)(ByrefLayout* to, ByrefLayout* from);
  void (*destroy)(ByrefLayout*);
};

/// Other threads may count references in the same word meanwhile.
template <class Layout>
int32_t flags_of(Layout& layout) {
  return std::atomic_ref(layout.flags).load(std::memory_order_relaxed);
}

void count_up(int32_t& flags) {
  std::atomic_ref(flags).fetch_add(kReference, std::memory_order_relaxed);
}

/// True if that was the last reference.
bool count_down(int32_t& flags) {
  const int32_t before = std::atomic_ref(flags).fetch_sub(kReference, std::memory_order_acq_rel);
  return (before & kReferenceMask) == kReference;
}

void* allocate(size_t size) {
  void* memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

extern "C" {

// Classes, which block_class.cpp of foundation/ fills in.
ANVIL_EXPORT objc_class _NSConcreteGlobalBlock;
ANVIL_EXPORT objc_class _NSConcreteStackBlock;
ANVIL_EXPORT objc_class _NSConcreteMallocBlock;

ANVIL_EXPORT void* _Block_copy(const void* source) {
  if (!source) return nullptr;
  auto* block = static_cast<BlockLayout*>(const_cast<void*>(source));
  const int32_t flags = flags_of(*block);
  if (flags & kIsGlobal) return block;
  if (flags & kNeedsFree) {
    count_up(block->flags);
    return block;
  }
  auto* copy = static_cast<BlockLayout*>(allocate(block->descriptor->size));
  std::memcpy(copy, block, block->descriptor->size);
  copy->flags = (flags & ~kReferenceMask) | kNeedsFree | kReference;
  copy->isa = &_NSConcreteMallocBlock;
  anvil::objc::note_instance(reinterpret_cast<objc_object*>(copy), 1);
  if (copy->flags & kHasCopyDispose) copy->descriptor->copy(copy, block);
  return copy;
}

ANVIL_EXPORT void _Block_release(const void* source) {
  auto* block = static_cast<BlockLayout*>(const_cast<void*>(source));
  if (!block) return;
  const int32_t flags = flags_of(*block);
  if ((flags & kIsGlobal) || !(flags & kNeedsFree)) return;
  if (!count_down(block->flags)) return;
  if (flags & kHasCopyDispose) block->descriptor->dispose(block);
  anvil::objc::note_instance(reinterpret_cast<objc_object*>(block), -1);
  std::free(block);
}

/// Called by a block's copy helper for each captured block, object or __block variable.
ANVIL_EXPORT void _Block_object_assign(void* destination, const void* object, const int kind) {
  auto* slot = static_cast<void**>(destination);
  if (kind & kByrefCaller) {  // a block or object inside a __block variable: not retained
    *slot = const_cast<void*>(object);
  } else if (kind & kByref) {
    auto* source = static_cast<ByrefLayout*>(const_cast<void*>(object));
    ByrefLayout* current = source->forwarding;
    if (flags_of(*current) & kNeedsFree) {  // already on the heap
      count_up(current->flags);
    } else {
      auto* copy = static_cast<ByrefLayout*>(allocate(static_cast<size_t>(current->size)));
      // Two references: the block's, and the stack frame's, dropped as it leaves the scope.
      copy->isa = nullptr;
      copy->flags = (current->flags & ~kReferenceMask) | kNeedsFree | 2 * kReference;
      copy->size = current->size;
      copy->forwarding = copy;
      if (current->flags & kHasCopyDispose) {
        copy->keep = current->keep;
        copy->destroy = current->destroy;
        current->keep(copy, current);
      } else {
        constexpr size_t header = offsetof(ByrefLayout, keep);
        std::memcpy(reinterpret_cast<char*>(copy) + header,
                    reinterpret_cast<char*>(current) + header,
                    static_cast<size_t>(current->size) - header);
      }
      current->forwarding = copy;
      current = copy;
    }
    *slot = current;
  } else if ((kind & kBlock) == kBlock) {
    *slot = _Block_copy(object);
  } else if ((kind & kObject) == kObject) {
    anvil::objc::retain(static_cast<objc_object*>(const_cast<void*>(object)));
    *slot = const_cast<void*>(object);
  }
}

/// Called by a block's dispose helper, and as a __block variable leaves its scope.
ANVIL_EXPORT void _Block_object_dispose(const void* object, const int kind) {
  if (!object || (kind & kByrefCaller)) return;
  if (kind & kByref) {
    ByrefLayout* byref = static_cast<ByrefLayout*>(const_cast<void*>(object))->forwarding;
    if (!(flags_of(*byref) & kNeedsFree) || !count_down(byref->flags)) return;
    if (flags_of(*byref) & kHasCopyDispose) byref->destroy(byref);
    std::free(byref);
  } else if ((kind & kBlock) == kBlock) {
    _Block_release(object);
  } else if ((kind & kObject) == kObject) {
    anvil::objc::release(static_cast<objc_object*>(const_cast<void*>(object)));
  }
}

}  // extern "C"
