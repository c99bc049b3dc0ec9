// One flat list of objects per thread; a pool is a position in it.
#include "autorelease.hpp"

#include <unistd.h>

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

// A plain pointer, so that destructors of statics may still use pools after the main thread's
// thread-local objects are gone; what they autorelease outside a pool is then never released.
thread_local Objects* objects = nullptr;

/// What is autoreleased outside any pool is held until the thread ends; by the main thread for
/// ever, as on a Mac, where programs that release such an object once more end in peace.
struct ThreadEnd {
  ~ThreadEnd() {
    release_down_to(*objects, 0);
    delete objects;
    objects = nullptr;
  }
};

Objects& of_this_thread() {
  if (!objects) {
    objects = new Objects;
    if (gettid() != getpid()) {
      thread_local ThreadEnd end;
    }
  }
  return *objects;
}

}  // namespace

void autorelease(objc_object* object) {
  if (!object) return;
  const ClassInfo& info = *object->isa->info;
  if (object->isa->destroy || info.blocks || info.messages) of_this_thread().push_back(object);
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
