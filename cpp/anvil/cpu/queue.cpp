#include "anvil/cpu/queue.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>

#include "anvil/cpu/command_runner.hpp"
#include "anvil/cpu/kernel.hpp"
#include "anvil/cpu/trap.hpp"
#include "anvil/system/forks.hpp"
#include "anvil/system/spin.hpp"
#include "anvil/system/thread.hpp"

namespace anvil::cpu {
namespace {

/// Whether a threadgroup of it is made of other than whole simdgroups.
bool is_ragged(const backend::DispatchCommand& dispatch) {
  const uint32_t size = dispatch.threads_per_threadgroup[0];
  if (size % ANVIL_SIMD_WIDTH) return true;
  return size && !dispatch.indirect && dispatch.threads_per_grid[0] % size % ANVIL_SIMD_WIDTH;
}

}  // namespace

/// Submissions that wait for their turn, and the thread that takes them.
class Queue::Line : public std::enable_shared_from_this<Line> {
 public:
  void add(backend::Submission& submission) {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) start();
    submission.next = nullptr;
    (last_ ? last_->next : first_) = &submission;
    last_ = &submission;
    changes_.fetch_add(1, std::memory_order_relaxed);
    changed_.notify_one();
  }

  void stop() {
    if (forks() != forks_) {
      // Neither the thread nor whoever held the mutex is here.
      if (thread_.joinable()) thread_.detach();
      return;
    }
    std::thread thread;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      changes_.fetch_add(1, std::memory_order_relaxed);
      thread = std::move(thread_);
      changed_.notify_one();
    }
    if (!thread.joinable()) return;
    if (thread.get_id() == std::this_thread::get_id())
      thread.detach();
    else
      thread.join();
  }

 private:
  void start() try {
    thread_ = start_thread("anvil-queue", [self = shared_from_this()] { self->loop(); });
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string("the command queue gets no thread: ") + error.what());
  }

  void loop() {
    const TrapStack stack;
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return stopping_ || first_; };
    for (;;) {
      if (!ready()) {
        const unsigned seen = changes_.load(std::memory_order_relaxed);
        lock.unlock();
        spin_until([&] { return changes_.load(std::memory_order_relaxed) != seen; });
        lock.lock();
      }
      changed_.wait(lock, ready);
      if (stopping_) return;
      backend::Submission& submission = *first_;
      first_ = submission.next;
      if (!first_) last_ = nullptr;
      lock.unlock();
      submission.scheduled();
      submission.completed(runner_.run(submission));
      lock.lock();
    }
  }

  const unsigned forks_ = forks();
  CommandRunner runner_;  // the thread's
  std::mutex mutex_;      // guards the rest
  std::condition_variable changed_;
  backend::Submission* first_ = nullptr;
  backend::Submission* last_ = nullptr;
  // Changes with each reason for the thread to look; read by it without the mutex.
  std::atomic<unsigned> changes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

Queue::Queue() : line_(std::make_shared<Line>()) {}

Queue::~Queue() {
  line_->stop();
}

void Queue::submit(backend::Submission& submission) {
  // Those of many kernels at once, and while earlier submissions run.
  for (const backend::Command& command : submission.commands)
    if (const auto* dispatch = std::get_if<backend::DispatchCommand>(&command))
      if (is_ragged(*dispatch)) static_cast<Kernel*>(dispatch->kernel)->begin_any();
  line_->add(submission);
}

}  // namespace anvil::cpu
