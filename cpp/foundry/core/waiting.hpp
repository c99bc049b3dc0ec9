// Hooks around every blocking wait: bindings release the GIL and let Ctrl-C through.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace foundry {

/// `enter` runs before a wait blocks and returns a token for `poll` and `leave`; `poll` runs about
/// every 50 ms and may throw, which abandons the wait (the work goes on); `leave` always runs.
/// No lock of foundry is held while any of them runs.
struct WaitHooks {
  void* (*enter)() noexcept = nullptr;
  void (*poll)(void* token) = nullptr;
  void (*leave)(void* token) noexcept = nullptr;
};

/// Installs the process's hooks. Not to be changed while another thread waits.
void set_wait_hooks(const WaitHooks& hooks) noexcept;

/// For a process that leaves: from now on no stream waits for its work as it is destroyed. The work
/// goes on, on memory that it holds, until the process has ended.
void abandon_work() noexcept;

namespace detail {
[[nodiscard]] const WaitHooks& wait_hooks() noexcept;
[[nodiscard]] bool is_work_abandoned() noexcept;
}  // namespace detail

/// Runs the hooks around a section of the caller that takes long: a wait, a compilation. No lock of
/// foundry may be held where it begins and where it ends.
class BlockingSection {
 public:
  BlockingSection() : token_(hooks_.enter ? hooks_.enter() : nullptr) {}
  ~BlockingSection() {
    if (hooks_.leave) hooks_.leave(token_);
  }
  BlockingSection(const BlockingSection&) = delete;
  BlockingSection& operator=(const BlockingSection&) = delete;

  [[nodiscard]] bool has_poll() const noexcept { return hooks_.poll != nullptr; }
  void poll() const { hooks_.poll(token_); }

 private:
  const WaitHooks hooks_ = detail::wait_hooks();
  void* token_;
};

/// Blocks until `ready()` holds, with `lock` held exactly when `ready` runs. Returns with it locked
/// if `ready` held, unlocked if a hook threw.
template <class Ready>
void wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                const Ready& ready) {
  using namespace std::chrono_literals;
  if (ready()) return;
  lock.unlock();
  {
    const BlockingSection section;
    // Sleeping and being woken takes longer than most kernels that somebody waits for.
    const auto soon = std::chrono::steady_clock::now() + 50us;
    do {
      std::this_thread::yield();
      lock.lock();
      const bool done = ready();
      lock.unlock();
      if (done) break;
    } while (std::chrono::steady_clock::now() < soon);
    for (;;) {
      lock.lock();
      const bool done = section.has_poll() ? changed.wait_for(lock, 50ms, ready)
                                           : (changed.wait(lock, ready), true);
      lock.unlock();
      if (done) break;
      section.poll();
    }
  }
  lock.lock();
}

}  // namespace foundry
