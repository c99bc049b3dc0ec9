// MTLEvent and MTLSharedEvent: a counter that command buffers and the host raise and wait for.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include <Metal/MTLEvent.hpp>

#include "anvil/cpu/trap.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::metal {

struct Device;
struct SharedEvent;

struct Event : objc::Object {
  using Super = RootObject;

  explicit Event(Device* device) : device(device) {}

  /// Sets the value and wakes whom it satisfies. Values may be set back, as in Metal.
  void signal(uint64_t value);
  uint64_t value() const;
  /// False if `interrupt` was requested first.
  bool wait(uint64_t value, const Interrupt& interrupt);
  /// False if `milliseconds` went by first.
  bool wait_for(uint64_t value, uint64_t milliseconds);

  Device* device;
  objc::Ref<String> label;

 protected:
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  uint64_t value_ = 0;

  struct Listener {
    uint64_t value;
    objc::Block<void(MTL::SharedEvent*, uint64_t)> block;
  };
  std::vector<Listener> listeners_;  // of shared events only
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
  String* label() const { return event->label.get(); }

  objc::Ref<SharedEvent> event;
};

/// All listeners share one thread: there are no dispatch queues.
struct SharedEventListener : objc::Object {
  using Super = RootObject;
};

}  // namespace anvil::metal
