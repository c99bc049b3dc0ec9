// Objects from their making to their end, where a class may be a compiler's.
#pragma once

#include "registry.hpp"
#include "runtime.hpp"

namespace anvil::objc {

/// One reference, the caller's. Refuses classes whose objects others make.
objc_object* create_instance(objc_class* cls, size_t extra = 0);
/// objc_class::destroy of classes that were not written in C++: sends -dealloc.
void deallocate(objc_object* object);
/// What -[NSObject dealloc] does.
void destroy_instance(objc_object* object);

/// One more, or one less reference in the object's own count.
void count_up(Object* object);
void count_down(Object* object);
/// False if the object is on its way out.
bool retain_if_alive(Object* object);

}  // namespace anvil::objc

extern "C" {
/// From here on each class counts its instances, blocks on the heap included.
ANVIL_EXPORT void anvil_objc_count_instances();
/// How many more have been made since than have ended, without subclasses'.
ANVIL_EXPORT long anvil_objc_instances(Class cls);
}
