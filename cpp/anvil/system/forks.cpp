#include "anvil/system/forks.hpp"

#include <pthread.h>

#include <atomic>

namespace anvil {
namespace {

std::atomic<unsigned> survived = 0;
[[maybe_unused]] const int handler =
    pthread_atfork(nullptr, nullptr, [] { survived.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

unsigned forks() {
  return survived.load(std::memory_order_relaxed);
}

}  // namespace anvil
