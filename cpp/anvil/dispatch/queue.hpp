// Dispatch queues.
#pragma once

#include <string>

#include "anvil/dispatch/pool.hpp"
#include "anvil/foundation/object.hpp"

namespace anvil::dispatch {

struct Queue : objc::Object {
  using Super = RootObject;
  enum class Kind { serial, concurrent, main };

  Queue(std::string label, Kind kind) : label(std::move(label)), kind(kind) {}

  void async(Work work, bool barrier = false);
  /// On this thread, in its turn.
  void sync(const Work& work, bool barrier = false);
  /// Carries out what comes to the main queue, on this thread, for good.
  [[noreturn]] void drain();

  const std::string label;
  const Kind kind;

 private:
  struct Item {
    std::function<void()> start;  ///< leads to finished()
    bool barrier;
  };
  void enqueue(Item item);
  void start_next();
  void finished();
  bool alone(const Item& item) const { return kind != Kind::concurrent || item.barrier; }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::deque<Work> for_main_;
  size_t running_ = 0;
  bool running_alone_ = false;
};

/// The queue of an argument; null means the global one.
Queue* queue_of(void* argument);

}  // namespace anvil::dispatch
