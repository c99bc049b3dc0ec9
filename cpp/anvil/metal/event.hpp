// MTLEvent and MTLSharedEvent: a counter that command buffers and the host raise and wait for.
#pragma once

#include <Metal/MTLEvent.hpp>

#include "anvil/backend/event.hpp"
#include "anvil/foundation/string.hpp"

namespace anvil::metal {

struct Device;
struct SharedEvent;

struct Event : objc::Object {
  using Super = RootObject;

  explicit Event(Device* device) : device(device) {}

  uint64_t value() const { return counter.value(); }
  void signal(uint64_t value) { counter.signal(value); }
  /// False if `milliseconds` went by first.
  bool wait_for(uint64_t value, uint64_t milliseconds);

  Device* device;
  objc::Ref<String> label;
  backend::Event counter;
};

struct SharedEvent : Event {
  using Super = Event;

  using Event::Event;
  struct SharedEventHandle* new_handle();
  void notify(struct SharedEventListener* listener, uint64_t value,
              MTL::SharedEventNotificationBlock block);
};

/// Names a shared event within the process.
struct SharedEventHandle : objc::Object {
  using Super = RootObject;

  explicit SharedEventHandle(objc::Ref<SharedEvent> event) : event(std::move(event)) {}
  String* label() const { return objc::Ref<String>(event->label).autoreleased(); }

  objc::Ref<SharedEvent> event;
};

/// Without a queue of its own it is told on the thread that calls all handlers.
struct SharedEventListener : objc::Object {
  using Super = RootObject;

  objc::Ref<objc_object> queue;
};

}  // namespace anvil::metal
