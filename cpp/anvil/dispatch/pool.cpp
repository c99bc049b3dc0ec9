#include "anvil/dispatch/pool.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "anvil/objc/autorelease.hpp"
#include "anvil/system/processors.hpp"

namespace anvil::dispatch {

using namespace std::chrono_literals;

Pool& Pool::get() {
  // Its threads may run until the process has ended.
  static Pool& pool = *new Pool;
  return pool;
}

void Pool::submit(Work work) {
  std::unique_lock lock(mutex_);
  work_.push_back(std::move(work));
  if (idle_ >= work_.size()) {
    changed_.notify_one();
  } else if (workers_ < std::max<size_t>(2, usable_processors())) {
    start_worker();
  } else if (!watching_) {
    watching_ = true;
    std::thread([this] { watch(); }).detach();
  }
}

/// The caller holds the lock.
void Pool::start_worker() {
  try {
    std::thread([this] { run(); }).detach();
    ++workers_;
  } catch (const std::system_error&) {
    if (workers_ == 0) throw;  // else those that are there do it
  }
}

void Pool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (work_.empty()) {
      ++idle_;
      const bool woken = changed_.wait_for(lock, 10s, [this] { return !work_.empty(); });
      --idle_;
      if (!woken) break;
    }
    const Work work = std::move(work_.front());
    work_.pop_front();
    ++taken_;
    lock.unlock();
    {
      const objc::PoolScope pool;
      work();
    }
    lock.lock();
  }
  --workers_;
}

/// One more worker whenever there was work and none was begun for a while.
void Pool::watch() {
  std::unique_lock lock(mutex_);
  size_t before = taken_;
  while (!work_.empty()) {
    lock.unlock();
    std::this_thread::sleep_for(100ms);
    lock.lock();
    if (!work_.empty() && taken_ == before && workers_ < kMost) start_worker();
    before = taken_;
  }
  watching_ = false;
}

}  // namespace anvil::dispatch
