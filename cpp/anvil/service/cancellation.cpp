#include "anvil/service/cancellation.hpp"

#include <pthread.h>

#include <mutex>

namespace anvil::service {
namespace {

thread_local const std::atomic<bool>* own_flag = nullptr;
std::mutex mutex;  // guards the list
Cancellable* waits = nullptr;

// The waits of other threads are not a forked process's.
[[maybe_unused]] const int handlers = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); },
                                                     [] {
                                                       waits = nullptr;
                                                       mutex.unlock();
                                                     });

bool is_set(const std::atomic<bool>* flag) {
  return flag && flag->load(std::memory_order_acquire);
}

}  // namespace

void use_cancellation(const std::atomic<bool>* flag) noexcept {
  own_flag = flag;
}

bool is_cancelled() noexcept {
  return is_set(own_flag);
}

void cancel_compilations() noexcept {
  std::lock_guard lock(mutex);
  for (Cancellable* wait = waits; wait; wait = wait->next_)
    if (is_set(wait->flag_)) wait->end();
}

Cancellable::Cancellable() : flag_(own_flag) {}

void Cancellable::begin() noexcept {
  std::lock_guard lock(mutex);
  next_ = waits;
  waits = this;
  if (is_set(flag_)) end();
}

void Cancellable::leave() noexcept {
  std::lock_guard lock(mutex);
  for (Cancellable** link = &waits; *link; link = &(*link)->next_) {
    if (*link != this) continue;
    *link = next_;
    return;
  }
}

}  // namespace anvil::service
