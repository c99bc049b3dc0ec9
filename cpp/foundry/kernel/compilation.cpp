#include "foundry/kernel/compilation.hpp"

#include <sys/mman.h>

#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "foundry/core/waiting.hpp"

namespace foundry {
namespace {

/// Address space for what the C++ library keeps of a thread that throws, which it allocates at the
/// thread's first exception; it ends the process where it cannot. Given back to be used for that.
std::shared_ptr<void> room_to_throw() {
  constexpr std::size_t bytes = 64 << 10;  // malloc()'s first steps in a thread are in it too
  void* const at = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return {at, [](void* begin) { munmap(begin, bytes); }};
}

}  // namespace

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
      std::thread([room = room_to_throw(), run]() mutable {
        room.reset();
        static_cast<void>(std::current_exception());  // asks for it
        run();
      }).detach();
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
