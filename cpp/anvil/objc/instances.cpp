#include "instances.hpp"

#include <cstring>

#include "errors.hpp"
#include "runtime.hpp"

extern "C" {
void* _Block_copy(const void* block);
void _Block_release(const void* block);
extern objc_class _NSConcreteMallocBlock;
}

namespace anvil::objc {
namespace {

/// The count while -dealloc runs: what it retains and releases meanwhile does not end it again.
constexpr uint32_t kDeallocating = 1u << 30;

/// Base classes first, as C++ does it.
void construct_members(objc_class* cls, objc_object* object) {
  static const SEL construct = sel_registerName(".cxx_construct");
  if (!cls || !cls->info->compiled) return;
  construct_members(cls->superclass, object);
  if (auto found = cls->info->methods.find(construct); found != cls->info->methods.end())
    call<objc_object*>(found->second.imp, object, construct);
}

void destroy_members(objc_object* object) {
  static const SEL destruct = sel_registerName(".cxx_destruct");
  for (objc_class* cls = object->isa; cls && cls->info->compiled; cls = cls->superclass)
    if (auto found = cls->info->methods.find(destruct); found != cls->info->methods.end())
      call<void>(found->second.imp, object, destruct);
}

}  // namespace

objc_object* create_instance(objc_class* cls, size_t extra) {
  if (!cls->info->construct)
    throw InvalidUse(std::string("+[") + cls->info->name +
                     " alloc]: objects of this class are made by others only");
  void* memory = ::operator new(cls->info->size + extra);
  std::memset(memory, 0, cls->info->size + extra);
  cls->info->construct(memory);
  auto* object = static_cast<objc_object*>(memory);
  object->isa = cls;
  note_instance(object, 1);
  construct_members(cls, object);
  return object;
}

void deallocate(objc_object* object) {
  static const SEL dealloc = sel_registerName("dealloc");
  static_cast<Object*>(object)->references.store(kDeallocating, std::memory_order_relaxed);
  send<void>(object, dealloc);
}

void destroy_instance(objc_object* object) {
  if (!object->isa->info->reclaim) return;  // a class, or a constant
  destroy_members(object);
  object->isa->info->reclaim(object);
}

void add_to_instances(const objc_class* cls, int change) {
  if (!instances_are_uncounted) cls->info->instances.fetch_add(change, std::memory_order_relaxed);
}

void count_up(Object* object) {
  object->references.fetch_add(1, std::memory_order_relaxed);
}

void count_down(Object* object) {
  if (object->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (object->isa->destroy)
    object->isa->destroy(object);
  else
    deallocate(object);
}

bool retain_if_alive(Object* object) {
  uint32_t count = object->references.load(std::memory_order_relaxed);
  do {
    if (count == 0 || count >= kDeallocating) return false;
  } while (!object->references.compare_exchange_weak(count, count + 1, std::memory_order_relaxed));
  return true;
}

void count_elsewhere(objc_object* object, int change) {
  const ClassInfo& info = *object->isa->info;
  if (info.blocks) {
    // A block on the stack, or in the program's data, is not counted: ARC retains and releases what
    // a function is passed as it is. Only -copy makes one on the heap.
    if (object->isa != &_NSConcreteMallocBlock) return;
    change > 0 ? static_cast<void>(_Block_copy(object)) : _Block_release(object);
  } else if (info.messages) {
    static const SEL retain = sel_registerName("retain");
    static const SEL release = sel_registerName("release");
    send<void*>(object, change > 0 ? retain : release);
  }
}

}  // namespace anvil::objc

extern "C" {
void anvil_objc_count_instances() {
  anvil::objc::Registry::get();  // classes have their ClassInfo from here on
  anvil::objc::instances_are_counted.store(true);
}
long anvil_objc_instances(Class cls) {
  return cls->info->instances.load(std::memory_order_relaxed);
}
}
