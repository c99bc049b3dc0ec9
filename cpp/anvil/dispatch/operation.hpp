// NSOperation and NSOperationQueue.
#pragma once

#include <vector>

#include "anvil/foundation/string.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::dispatch {

struct OperationQueue;

/// All that operations and queues know of each other is guarded by one mutex (operation.cpp).
struct Operation : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  NS::Integer priority = 0;
  NS::Integer quality = -1;  ///< of service; kept
  objc::Block<void()> completion;
  std::vector<objc::Ref<Operation>> dependencies;
  OperationQueue* queue = nullptr;  ///< which has it and waits for its end
  bool is_barrier = false;
  bool begun = false, executing = false, cancelled = false, finished = false;
};

/// NSBlockOperation: its blocks, one after the other.
struct BlockOperation : Operation {
  using Super = Operation;

  std::vector<objc::Block<void()>> blocks;
};

/// Is retained by itself while it has operations.
struct OperationQueue : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  std::vector<objc::Ref<Operation>> operations;  ///< not finished, in their order
  size_t running = 0;
  NS::Integer quality = -1;
  NS::Integer most = -1;  ///< at a time; -1: as many as there are
  bool suspended = false;
  bool is_main = false;
};

/// Takes the operation, which no queue has had before.
void add(OperationQueue& queue, Operation* operation, const char* method);

}  // namespace anvil::dispatch
