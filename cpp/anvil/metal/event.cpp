#include "anvil/metal/event.hpp"

#include <dispatch/dispatch.h>

#include <algorithm>
#include <chrono>

#include "anvil/metal/async.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/block.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {

bool Event::wait_for(uint64_t value, uint64_t milliseconds) {
  // A day is for ever; the clock's arithmetic overflows on UINT64_MAX.
  const auto limit = std::chrono::milliseconds(std::min<uint64_t>(milliseconds, 24 * 3600 * 1000));
  if (milliseconds <= static_cast<uint64_t>(limit.count())) return counter.wait_for(value, limit);
  counter.wait(value);
  return true;
}

SharedEventHandle* SharedEvent::new_handle() {
  return objc::make<SharedEventHandle>(objc::Ref<SharedEvent>(this)).detach();
}

void SharedEvent::notify(SharedEventListener* listener, uint64_t value,
                         MTL::SharedEventNotificationBlock block) {
  if (!listener || !block)
    throw InvalidUse("-[MTLSharedEvent notifyListener:atValue:block:]: nil listener or block");
  counter.notify(value,
                 [this, queue = listener->queue,
                  block = objc::Block<void(MTL::SharedEvent*, uint64_t)>(block)](uint64_t reached) {
                   const auto tell = [self = objc::Ref<SharedEvent>(this), block, reached] {
                     block(reinterpret_cast<MTL::SharedEvent*>(self.get()), reached);
                   };
                   if (queue)
                     dispatch_async(reinterpret_cast<dispatch_queue_t>(queue.get()), ^{
                       tell();
                     });
                   else
                     run_in_order(tell);
                 });
}

namespace {

SharedEventListener* shared_listener() {
  static SharedEventListener* const listener =
      objc::lasting([] { return objc::make<SharedEventListener>().detach(); });
  return listener;
}
SharedEventListener* init_with_queue(SharedEventListener* self, objc_object* queue) {
  self->queue = objc::Ref<objc_object>(queue);
  return self;
}

ANVIL_OBJC_CLASS_DEFINITION<Event> event_definition{
    "MTLEvent",
    {
        objc::property<&Event::device>("device"),
        objc::property<&Event::label>("label", "setLabel:"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SharedEvent> shared_event_definition{
    "MTLSharedEvent",
    {
        objc::method<&SharedEvent::value>("signaledValue"),
        objc::method<&SharedEvent::signal>("setSignaledValue:"),
        objc::method<&SharedEvent::wait_for>("waitUntilSignaledValue:timeoutMS:"),
        objc::method<&SharedEvent::notify>("notifyListener:atValue:block:"),
        objc::method<&SharedEvent::new_handle>("newSharedEventHandle"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SharedEventHandle> shared_event_handle_definition{
    "MTLSharedEventHandle",
    {
        objc::method<&SharedEventHandle::label>("label"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SharedEventListener> shared_event_listener_definition{
    "MTLSharedEventListener",
    {
        objc::class_method<&shared_listener>("sharedListener"),
        objc::function<&init_with_queue>("initWithDispatchQueue:"),
        objc::property<&SharedEventListener::queue>("dispatchQueue"),
    }};

}  // namespace
}  // namespace anvil::metal
