// The count of live objects itself: every kind of object is in it, and what is kept too long shows.
#include <objc/runtime.h>

#include "anvil/objc/instances.hpp"
#include "host.hpp"

namespace {
long live(const char* name) {
  return anvil_objc_instances(objc_getClass(name));
}
}  // namespace

TEST_CASE("classes count their instances, blocks and what a compiler's class would be") {
  host::Setup setup;
  const long buffers = live("MTLBuffer"), blocks = live("__NSMallocBlock__");
  const long descriptors = live("MTLTextureDescriptor");
  {
    auto buffer = setup.buffer(std::vector<float>(16));
    auto descriptor = NS::TransferPtr(MTL::TextureDescriptor::alloc()->init());
    auto copy = NS::TransferPtr(descriptor->copy());
    CHECK(live("MTLBuffer") == buffers + 1);
    CHECK(live("MTLTextureDescriptor") == descriptors + 2);
    buffer->retain();
    CHECK(live("MTLBuffer") == buffers + 1);
    buffer->release();
    MTL::CommandBuffer* commands = setup.queue->commandBuffer();
    commands->addCompletedHandler([buffer](MTL::CommandBuffer*) {});
    CHECK(live("__NSMallocBlock__") > blocks);
    commands->commit();
    commands->waitUntilCompleted();
  }
  CHECK(live("MTLTextureDescriptor") == descriptors);
  const Class made = objc_allocateClassPair(objc_getClass("NSObject"), "LiveObjectsTest", 0);
  objc_registerClassPair(made);
  objc_object* const object = class_createInstance(made, 0);
  CHECK(live("LiveObjectsTest") == 1);
  anvil::objc::send<void>(object, sel_registerName("release"));
  CHECK(live("LiveObjectsTest") == 0);
}
