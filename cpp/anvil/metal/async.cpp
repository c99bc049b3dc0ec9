#include "anvil/metal/async.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "anvil/metal/report.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/system/thread.hpp"

namespace anvil::metal {
namespace {

/// Never destroyed: notifications may come until the process has ended.
class SerialThread {
 public:
  void post(std::function<void()> work) {
    std::unique_lock lock(mutex_);
    if (!has_thread_) {
      try {
        start_thread("anvil-notify", [this] { loop(); }).detach();
        has_thread_ = true;
      } catch (const std::exception&) {
        // Nothing is waiting before it, and the next one asks for a thread again.
        lock.unlock();
        call_handler("notification", work);
        return;
      }
    }
    queue_.push_back(std::move(work));
    changed_.notify_one();
  }

 private:
  void loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !queue_.empty(); });
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      call_handler("notification", work);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool has_thread_ = false;
};

}  // namespace

void call_handler(const char* kind, const std::function<void()>& handler) {
  objc::PoolScope pool;
  try {
    handler();
  } catch (const std::exception& error) {
    report(std::string("a ") + kind + " handler threw: " + error.what());
  } catch (...) {
    report(std::string("a ") + kind + " handler threw");
  }
}

void run_detached(std::function<void()> work) {
  const auto run = [work = std::move(work)] { call_handler("completion", work); };
  try {
    start_thread("anvil-async", run).detach();
  } catch (const std::exception&) {
    run();  // where no thread is to be had the caller waits
  }
}

void run_in_order(std::function<void()> work) {
  static SerialThread& thread = *new SerialThread;
  thread.post(std::move(work));
}

}  // namespace anvil::metal
