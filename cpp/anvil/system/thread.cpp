#include "anvil/system/thread.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace anvil {
namespace {

/// Blocks all signals for its scope; threads started meanwhile inherit that.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

/// Address space for what the C++ library keeps of a thread that throws, which it allocates at the
/// thread's first exception; it ends the process where it cannot. Given back to be used for that.
std::shared_ptr<void> room_to_throw() {
  constexpr size_t bytes = 64 << 10;  // malloc()'s first steps in a thread are in it too
  void* const at = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return {at, [](void* begin) { munmap(begin, bytes); }};
}

}  // namespace

std::thread start_thread(const std::string& name, std::function<void()> body) {
  const BlockedSignals blocked;
  std::thread thread([room = room_to_throw(), body = std::move(body)]() mutable {
    room.reset();
    static_cast<void>(std::current_exception());  // asks for it
    body();
  });
  pthread_setname_np(thread.native_handle(), name.c_str());
  return thread;
}

}  // namespace anvil
