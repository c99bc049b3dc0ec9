#include "anvil/system/forks.hpp"

#include <pthread.h>

#include <atomic>

namespace anvil {
namespace {

std::atomic<unsigned> survived = 0;
std::mutex mutex;
[[maybe_unused]] const int handler =
    pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); },
                   [] {
                     survived.fetch_add(1, std::memory_order_relaxed);
                     mutex.unlock();
                   });

}  // namespace

unsigned forks() {
  return survived.load(std::memory_order_relaxed);
}

std::mutex& mutex_over_forks() {
  return mutex;
}

}  // namespace anvil
