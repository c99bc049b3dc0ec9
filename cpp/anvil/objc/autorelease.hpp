// Autorelease pools: a stack per thread.
#pragma once

#include <cstddef>

#include "object.hpp"

namespace anvil::objc {

/// Opens a pool on this thread; the token closes it.
size_t push_pool();
/// Releases what the pool and the ones opened after it hold, and closes them.
void pop_pool(size_t token);

/// What a compiled method returns: given to the pool, and remembered with the stack that the caller
/// has as the call returns.
void autorelease_returned(objc_object* object, const void* stack);
/// True if the caller, whose stack that is, takes over what it was just returned: the pool's
/// reference is its own then.
bool take_returned(objc_object* object, const void* stack);

/// A pool for a scope of C++.
class PoolScope {
 public:
  PoolScope() : token_(push_pool()) {}
  ~PoolScope() { pop_pool(token_); }
  PoolScope(const PoolScope&) = delete;
  PoolScope& operator=(const PoolScope&) = delete;

 private:
  size_t token_;
};

/// The result of `make`, where that is there once in a process and never goes away: it counts as no
/// live object (instances.hpp), nor does what it is made of.
template <class Make>
auto lasting(const Make& make) {
  struct Uncounted {
    Uncounted() { instances_are_uncounted = true; }
    ~Uncounted() { instances_are_uncounted = false; }
  } const uncounted;
  const PoolScope pool;
  return make();
}

}  // namespace anvil::objc
