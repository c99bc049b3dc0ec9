// The thread of a command queue: carries out command buffers one after another, in their order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "anvil/objc/object.hpp"

namespace anvil::metal {

struct CommandBuffer;

class QueueWorker : public std::enable_shared_from_this<QueueWorker> {
 public:
  explicit QueueWorker(size_t max_in_flight);

  /// Gives the buffer its place in the order. It is not kept alive until it is committed.
  void enqueue(CommandBuffer* buffer);
  /// Takes the place of a buffer that goes away without having been committed.
  void forget(CommandBuffer* buffer);
  /// Lets the buffer run when its turn comes. Waits while max_in_flight buffers are committed.
  void commit(objc::Ref<CommandBuffer> buffer);
  bool on_worker_thread() const;
  /// Whether this process was forked after the worker was made: its thread is in the parent.
  bool left_behind() const;
  /// Ends the thread; all buffers are done, as each holds its queue.
  void stop();

 private:
  struct Slot {
    CommandBuffer* buffer;
    objc::Ref<CommandBuffer> committed;
  };
  void loop();
  /// Makes the buffer fail on the calling thread, where there is none for the queue.
  void refuse(std::unique_lock<std::mutex>& lock, CommandBuffer& buffer,
              const std::exception& error);

  const size_t max_in_flight_;
  const int forks_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::deque<Slot> slots_;
  size_t in_flight_ = 0;
  // Changes with each reason for the thread to look; read by it without the mutex.
  std::atomic<unsigned> commits_ = 0;
  bool stopping_ = false;
  std::thread thread_;
  std::thread::id thread_id_;
};

}  // namespace anvil::metal
