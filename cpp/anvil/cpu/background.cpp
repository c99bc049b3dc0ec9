#include "anvil/cpu/background.hpp"

#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include "anvil/service/environment.hpp"
#include "anvil/system/forks.hpp"
#include "anvil/system/processors.hpp"
#include "anvil/system/thread.hpp"

namespace anvil::cpu {
namespace {

/// Guarded by mutex_over_forks().
struct Threads {
  std::deque<std::function<void()>> waiting;
  unsigned count = 0;
  const unsigned forks_before = forks();
};

/// Never destroyed: work may be under way as the process exits. A fork begins with none.
Threads& current() {
  static Threads* threads = nullptr;
  if (!threads || threads->forks_before != forks()) threads = new Threads;
  return *threads;
}

void loop(Threads& threads) {
  std::unique_lock lock(mutex_over_forks());
  while (!threads.waiting.empty()) {
    {
      const auto work = std::move(threads.waiting.front());
      threads.waiting.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
  --threads.count;
}

}  // namespace

void run_in_background(std::function<void()> work) {
  const unsigned most = service::environment_threads().value_or(usable_processors());
  Threads* threads = nullptr;
  {
    std::lock_guard lock(mutex_over_forks());
    threads = &current();
    threads->waiting.push_back(std::move(work));
    if (threads->count >= most) return;
    ++threads->count;
  }
  try {
    start_thread("anvil-compile", [threads] { loop(*threads); }).detach();
  } catch (const std::exception&) {
    std::lock_guard lock(mutex_over_forks());
    --threads->count;
  }
}

}  // namespace anvil::cpu
