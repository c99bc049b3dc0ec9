// One flat list of objects per thread; a pool is a position in it.
#include "autorelease.hpp"

#include <pthread.h>
#include <unistd.h>

#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "registry.hpp"

namespace anvil::objc {
namespace {

using Objects = std::vector<objc_object*>;

void release_down_to(Objects& objects, size_t size) {
  // Releasing may autorelease more, which belongs to the pool being closed.
  while (objects.size() > size) {
    objc_object* object = objects.back();
    objects.pop_back();
    release(object);
  }
}

// A plain pointer: a thread_local object with a destructor is noted down by the C library, which
// ends the process where it has no memory for that, and is gone while destructors of statics may
// still use pools.
thread_local Objects* objects = nullptr;

/// What is autoreleased outside any pool is held until the thread ends; by the main thread for
/// ever, as on a Mac, where programs that release such an object once more end in peace.
void end_thread(void* list) {
  release_down_to(*static_cast<Objects*>(list), 0);
  delete static_cast<Objects*>(list);
  objects = nullptr;
}

bool ends_with_thread(Objects* list) {
  static const std::optional<pthread_key_t> key = [] {
    pthread_key_t made;
    return pthread_key_create(&made, end_thread) == 0 ? std::optional(made) : std::nullopt;
  }();
  return key && pthread_setspecific(*key, list) == 0;
}

/// Null without memory.
Objects* of_this_thread() {
  if (objects) return objects;
  std::unique_ptr<Objects> made(new (std::nothrow) Objects);
  if (!made || (gettid() != getpid() && !ends_with_thread(made.get()))) return nullptr;
  return objects = made.release();
}

}  // namespace

void autorelease(objc_object* object) noexcept {
  if (!object) return;
  const ClassInfo& info = *object->isa->info;
  if (!object->isa->destroy && !info.blocks && !info.messages) return;
  try {
    if (Objects* const list = of_this_thread()) list->push_back(object);
  } catch (const std::bad_alloc&) {
    // It is never released then: its user was promised an object, not an exception.
  }
}

namespace {
struct Returned {
  objc_object* object;
  const void* stack;
};
thread_local Returned returned{nullptr, nullptr};
}  // namespace

void autorelease_returned(objc_object* object, const void* stack) {
  autorelease(object);
  returned = {object, stack};
}

bool take_returned(objc_object* object, const void* stack) {
  const Returned last = std::exchange(returned, Returned{nullptr, nullptr});
  if (!object || last.object != object || last.stack != stack || !objects || objects->empty() ||
      objects->back() != object)
    return false;
  objects->pop_back();
  return true;
}

size_t push_pool() {
  return objects ? objects->size()
                 : 0;  // allocates nothing: pools are opened on the way to an error
}

void pop_pool(size_t token) {
  if (objects) release_down_to(*objects, token);
}

}  // namespace anvil::objc
