#include "anvil/metal/queue_worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>

#include "anvil/cpu/trap.hpp"
#include "anvil/metal/command_buffer.hpp"
#include "anvil/system/spin.hpp"
#include "anvil/system/thread.hpp"

namespace anvil::metal {
namespace {

std::atomic<int> forks = 0;
[[maybe_unused]] const int fork_handler =
    pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

QueueWorker::QueueWorker(size_t max_in_flight)
    : max_in_flight_(max_in_flight), forks_(forks.load(std::memory_order_relaxed)) {}

bool QueueWorker::left_behind() const {
  return forks.load(std::memory_order_relaxed) != forks_;
}

void QueueWorker::enqueue(CommandBuffer* buffer) {
  std::lock_guard lock(mutex_);
  slots_.push_back({buffer, nullptr});
}

void QueueWorker::forget(CommandBuffer* buffer) {
  std::lock_guard lock(mutex_);
  std::erase_if(slots_, [=](const Slot& slot) { return slot.buffer == buffer; });
  changed_.notify_all();
}

void QueueWorker::commit(objc::Ref<CommandBuffer> buffer) {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable()) {
    try {
      thread_ = start_thread("anvil-queue", [self = shared_from_this()] { self->loop(); });
      thread_id_ = thread_.get_id();
    } catch (const std::exception& error) {
      refuse(lock, *buffer, error);
      return;
    }
  }
  if (std::this_thread::get_id() != thread_id_)
    changed_.wait(lock, [this] { return in_flight_ < max_in_flight_; });
  const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                 [&](const Slot& s) { return s.buffer == buffer.get(); });
  if (slot == slots_.end())
    slots_.push_back({buffer.get(), std::move(buffer)});
  else
    slot->committed = std::move(buffer);
  ++in_flight_;
  commits_.fetch_add(1, std::memory_order_relaxed);
  changed_.notify_all();
}

void QueueWorker::refuse(std::unique_lock<std::mutex>& lock, CommandBuffer& buffer,
                         const std::exception& error) {
  std::erase_if(slots_, [&](const Slot& slot) { return slot.buffer == &buffer; });
  // For as long as it takes this thread is the queue's.
  thread_id_ = std::this_thread::get_id();
  lock.unlock();
  buffer.fail(MTL::CommandBufferErrorOutOfMemory,
              std::string("the command queue gets no thread: ") + error.what());
  buffer.execute();
  lock.lock();
  thread_id_ = {};
}

bool QueueWorker::on_worker_thread() const {
  std::lock_guard lock(mutex_);
  return std::this_thread::get_id() == thread_id_;
}

void QueueWorker::stop() {
  if (left_behind()) {
    // Neither the thread nor whoever held the mutex is here.
    if (thread_.joinable()) thread_.detach();
    return;
  }
  std::thread thread;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    commits_.fetch_add(1, std::memory_order_relaxed);
    thread = std::move(thread_);
    changed_.notify_all();
  }
  if (!thread.joinable()) return;
  // The last reference to a queue may go with the last command buffer, here on its own thread.
  if (thread.get_id() == std::this_thread::get_id())
    thread.detach();
  else
    thread.join();
}

void QueueWorker::loop() {
  const TrapStack stack;
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return stopping_ || (!slots_.empty() && slots_.front().committed); };
  for (;;) {
    if (!ready()) {
      const unsigned seen = commits_.load(std::memory_order_relaxed);
      lock.unlock();
      spin_until([&] { return commits_.load(std::memory_order_relaxed) != seen; });
      lock.lock();
    }
    changed_.wait(lock, ready);
    if (stopping_) return;
    objc::Ref<CommandBuffer> buffer = std::move(slots_.front().committed);
    slots_.pop_front();
    lock.unlock();
    buffer->execute();
    lock.lock();
    --in_flight_;
    changed_.notify_all();
    lock.unlock();
    buffer = nullptr;  // may be the last reference to the queue, which then stops this thread
    lock.lock();
  }
}

}  // namespace anvil::metal
