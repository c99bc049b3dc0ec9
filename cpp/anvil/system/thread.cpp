#include "anvil/system/thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "threads/room_to_throw.hpp"

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

}  // namespace

std::thread start_thread(const std::string& name, std::function<void()> body) {
  const BlockedSignals blocked;
  std::thread thread(threads::with_room_to_throw(std::move(body)));
  pthread_setname_np(thread.native_handle(), name.c_str());
  return thread;
}

}  // namespace anvil
