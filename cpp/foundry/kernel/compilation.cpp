#include "foundry/kernel/compilation.hpp"

#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "foundry/core/waiting.hpp"
#include "threads/room_to_throw.hpp"

namespace foundry {

void Compilation::start(const std::shared_ptr<Compilation>& compilation, const Device& device,
                        Work work) {
  auto run = [compilation, device, work = std::move(work)] {
    std::shared_ptr<const void> made;
    std::exception_ptr error;
    try {
      device.use_cancellation(&compilation->is_cancelled_);
      made = work();
    } catch (...) {
      error = std::current_exception();
    }
    device.use_cancellation(nullptr);
    compilation->finish(std::move(made), std::move(error));
  };
  if (detail::wait_hooks().poll) {
    try {
      std::thread(threads::with_room_to_throw(run)).detach();
      return;
    } catch (const std::system_error&) {  // no thread is left: not to be abandoned, but made
    } catch (const std::bad_alloc&) {
    }
  }
  const BlockingSection section;
  run();
}

void Compilation::finish(std::shared_ptr<const void> made, std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  made_ = std::move(made);
  error_ = std::move(failure);
  done_ = true;
  changed_.notify_all();
}

void Compilation::wait() {
  std::unique_lock lock(mutex_);
  wait_until(lock, changed_, [&] { return done_; });
}

std::shared_ptr<const void> Compilation::result() const {
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  return made_;
}

void Compilation::cancel(const Device& device) {
  is_cancelled_ = true;
  device.cancel_compilations();
}

}  // namespace foundry
