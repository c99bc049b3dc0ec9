#include "anvil/service/cancellation.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <mutex>

namespace anvil::service {
namespace {

thread_local const std::atomic<bool>* own_flag = nullptr;
std::mutex mutex;  // guards `children` and what they are
CancellableChild* children = nullptr;

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
  for (CancellableChild* child = children; child; child = child->next_)
    if (is_set(child->flag_)) child->kill_locked();
}

CancellableChild::CancellableChild(pid_t child) : child_(child), flag_(own_flag) {
  std::lock_guard lock(mutex);
  next_ = children;
  children = this;
  if (is_set(flag_)) kill_locked();
}

CancellableChild::~CancellableChild() {
  std::lock_guard lock(mutex);
  CancellableChild** link = &children;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

pid_t CancellableChild::wait(int& status, int options) {
  std::lock_guard lock(mutex);
  const pid_t waited = waitpid(child_, &status, options);
  if (waited == child_) child_ = 0;
  return waited;
}

void CancellableChild::kill() noexcept {
  std::lock_guard lock(mutex);
  kill_locked();
}

void CancellableChild::kill_locked() noexcept {
  if (child_ == 0) return;
  ::kill(-child_, SIGKILL);
  ::kill(child_, SIGKILL);  // should the group not exist
}

}  // namespace anvil::service
