// One flat list of objects per thread; a pool is a position in it.
#include "autorelease.hpp"

#include <vector>

namespace anvil::objc {
namespace {

/// What is autoreleased outside any pool is held until the thread ends.
struct ThreadPools {
  std::vector<objc_object*> objects;

  void release_down_to(size_t size) {
    // Releasing may autorelease more, which belongs to the pool being closed.
    while (objects.size() > size) {
      objc_object* object = objects.back();
      objects.pop_back();
      release(object);
    }
  }
  ~ThreadPools() { release_down_to(0); }
};

thread_local ThreadPools pools;

}  // namespace

void autorelease(objc_object* object) {
  if (object && object->isa->counted) pools.objects.push_back(object);
}

size_t push_pool() {
  return pools.objects.size();
}

void pop_pool(size_t token) {
  pools.release_down_to(token);
}

}  // namespace anvil::objc
