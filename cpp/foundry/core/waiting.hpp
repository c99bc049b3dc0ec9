// Hooks around every blocking wait: bindings release the GIL and let Ctrl-C through.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

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

namespace detail {
const WaitHooks& wait_hooks() noexcept;
}

/// Blocks until `ready()` holds, with `lock` held exactly when `ready` runs. Returns with it locked
/// if `ready` held, unlocked if a hook threw.
template <class Ready>
void wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                const Ready& ready) {
  using namespace std::chrono_literals;
  if (ready()) return;
  const WaitHooks hooks = detail::wait_hooks();
  struct Section {
    const WaitHooks& hooks;
    void* token;
    explicit Section(const WaitHooks& h) : hooks(h), token(h.enter ? h.enter() : nullptr) {}
    ~Section() {
      if (hooks.leave) hooks.leave(token);
    }
  };
  lock.unlock();
  {
    Section section(hooks);
    for (;;) {
      lock.lock();
      const bool done =
          hooks.poll ? changed.wait_for(lock, 50ms, ready) : (changed.wait(lock, ready), true);
      lock.unlock();
      if (done) break;
      hooks.poll(section.token);
    }
  }
  lock.lock();
}

}  // namespace foundry
