// MTLLogState: whom the messages of kernels reach.
#pragma once

#include <mutex>
#include <vector>

#include <Metal/MTLLogState.hpp>

#include "anvil/backend/queue.hpp"
#include "anvil/foundation/error.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::metal {

struct LogStateDescriptor : objc::Object {
  using Super = RootObject;

  MTL::LogLevel level = MTL::LogLevelUndefined;
  NS::Integer buffer_size = 1 << 20;
};

struct LogState : objc::Object {
  using Super = RootObject;
  using Handler = objc::Block<void(String*, String*, MTL::LogLevel, String*)>;

  LogState(MTL::LogLevel least, size_t room) : least(least), room(room) {}

  void add_handler(Handler::Literal block);
  std::vector<Handler> handlers() const;

  const MTL::LogLevel least;  ///< of the messages that reach anybody
  const size_t room;          ///< bytes for those that wait

 private:
  mutable std::mutex mutex_;  // guards the rest
  std::vector<Handler> handlers_;
};

/// Null and an error in domain MTLLogStateErrorDomain for a size that no buffer has.
objc::Ref<LogState> new_log_state(const LogStateDescriptor* descriptor, Error** error);

/// Calls the state's handlers; writes to standard error where there are none, or no state.
void deliver(const LogState* state, const backend::LogMessage& message);

}  // namespace anvil::metal
