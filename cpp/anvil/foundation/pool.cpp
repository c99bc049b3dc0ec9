// NSAutoreleasePool: a pool of the thread that made it.
#include <cstdio>

#include "anvil/foundation/object.hpp"
#include "anvil/objc/autorelease.hpp"

namespace anvil {
namespace {

struct AutoreleasePool : objc::Object {
  using Super = RootObject;

  size_t token = objc::push_pool();
};

void drain(AutoreleasePool* self) {
  objc::pop_pool(self->token);
  objc::release(self);
}
void add(AutoreleasePool*, objc_object* object) {
  objc::autorelease(object);
}
void show() {
  std::fprintf(stderr, "autorelease pools of this thread: %zu objects\n", objc::push_pool());
}

ANVIL_OBJC_CLASS_DEFINITION<AutoreleasePool> autorelease_pool_definition{
    "NSAutoreleasePool",
    {
        objc::function<&drain>("drain"),
        objc::function<&drain>("release"),
        objc::function<&add>("addObject:"),
        objc::class_method<&show>("showPools"),
    }};

}  // namespace
}  // namespace anvil
