#include "anvil/metal/event.hpp"

#include <algorithm>
#include <chrono>

#include "anvil/metal/async.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {

void Event::signal(uint64_t value) {
  std::vector<Listener> due;
  {
    std::lock_guard lock(mutex_);
    value_ = value;
    std::vector<Listener> waiting;
    for (Listener& listener : listeners_)
      (listener.value <= value ? due : waiting).push_back(std::move(listener));
    listeners_ = std::move(waiting);
  }
  changed_.notify_all();
  for (Listener& listener : due)
    run_in_order([listener = std::move(listener), self = objc::Ref<Event>(this), value] {
      listener.block(reinterpret_cast<MTL::SharedEvent*>(self.get()), value);
    });
}

uint64_t Event::value() const {
  std::lock_guard lock(mutex_);
  return value_;
}

bool Event::wait(uint64_t value, const Interrupt& interrupt) {
  // Who interrupts does not know what for this thread waits: it looks by itself.
  constexpr auto kInterval = std::chrono::milliseconds(100);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kInterval, [&] { return value_ >= value; }))
    if (interrupt.requested.load(std::memory_order_relaxed)) return false;
  return true;
}

bool Event::wait_for(uint64_t value, uint64_t milliseconds) {
  // A day is for ever; the clock's arithmetic overflows on UINT64_MAX.
  const auto limit = std::chrono::milliseconds(std::min<uint64_t>(milliseconds, 24 * 3600 * 1000));
  std::unique_lock lock(mutex_);
  const auto reached = [&] { return value_ >= value; };
  if (milliseconds > static_cast<uint64_t>(limit.count())) {
    changed_.wait(lock, reached);
    return true;
  }
  return changed_.wait_for(lock, limit, reached);
}

SharedEventHandle* SharedEvent::new_handle() {
  return objc::make<SharedEventHandle>(objc::Ref<SharedEvent>(this)).detach();
}

void SharedEvent::notify(SharedEventListener* listener, uint64_t value,
                         MTL::SharedEventNotificationBlock block) {
  if (!listener || !block)
    throw InvalidUse("-[MTLSharedEvent notifyListener:atValue:block:]: nil listener or block");
  {
    std::lock_guard lock(mutex_);
    if (value_ < value) {
      listeners_.push_back({value, objc::Block<void(MTL::SharedEvent*, uint64_t)>(block)});
      return;
    }
    value = value_;
  }
  run_in_order([block = objc::Block<void(MTL::SharedEvent*, uint64_t)>(block),
                self = objc::Ref<Event>(this),
                value] { block(reinterpret_cast<MTL::SharedEvent*>(self.get()), value); });
}

namespace {

SharedEventListener* shared_listener() {
  static SharedEventListener* const listener = objc::make<SharedEventListener>().detach();
  return listener;
}
SharedEventListener* init_with_queue(SharedEventListener* self, dispatch_queue_t) {
  return self;
}
dispatch_queue_t no_queue(const SharedEventListener*) {
  return nullptr;
}

ANVIL_OBJC_CLASS_DEFINITION<Event> definition{
    "MTLEvent",
    {
        objc::property<&Event::device>("device"),
        objc::property<&Event::label>("label", "setLabel:"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SharedEvent> shared_definition{
    "MTLSharedEvent",
    {
        objc::method<&SharedEvent::value>("signaledValue"),
        objc::method<&SharedEvent::signal>("setSignaledValue:"),
        objc::method<&SharedEvent::wait_for>("waitUntilSignaledValue:timeoutMS:"),
        objc::method<&SharedEvent::notify>("notifyListener:atValue:block:"),
        objc::method<&SharedEvent::new_handle>("newSharedEventHandle"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SharedEventHandle> handle_definition{
    "MTLSharedEventHandle",
    {
        objc::method<&SharedEventHandle::label>("label"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SharedEventListener> listener_definition{
    "MTLSharedEventListener",
    {
        objc::class_method<&shared_listener>("sharedListener"),
        objc::function<&init_with_queue>("initWithDispatchQueue:"),
        objc::function<&no_queue>("dispatchQueue"),
    }};

}  // namespace
}  // namespace anvil::metal
