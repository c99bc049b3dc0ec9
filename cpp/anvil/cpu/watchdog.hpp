// watchdog.hpp: the time limit of command buffers: ends what runs longer, as a GPU's watchdog does.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "anvil/cpu/executor.hpp"

namespace anvil::cpu {

class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  /// The process's, with $ANVIL_COMMAND_TIMEOUT as it is on first use. Throws EnvironmentError.
  static Watchdog& shared();

  /// Without a limit nothing is ever ended.
  explicit Watchdog(std::optional<Clock::duration> limit) : limit_(limit) {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  std::optional<Clock::duration> limit() const { return limit_; }

  /// Watches what the calling thread does under `control` for as long as it lives. Time in which
  /// that waits for its turn does not count.
  class Watch {
   public:
    Watch(Watchdog& watchdog, RunControl& control);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    friend Watchdog;

    Watchdog& watchdog_;
    RunControl& control_;
    const pthread_t thread_ = pthread_self();
    Clock::time_point deadline_;
    Clock::duration credited_{};  // of the time that it waited
    Watch* previous_ = nullptr;
    Watch* next_ = nullptr;
  };

 private:
  void loop();
  /// Ends what is due; when to look again.
  Clock::time_point look();

  const std::optional<Clock::duration> limit_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  Watch* first_ = nullptr;
  bool has_thread_ = false;
  bool idle_ = false;  // the thread sleeps until it is woken
};

}  // namespace anvil::cpu
