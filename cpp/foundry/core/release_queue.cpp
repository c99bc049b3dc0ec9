#include "foundry/core/release_queue.hpp"

namespace foundry {

namespace {
// A stack: pushed by any thread, taken whole by drain_released(), so no node is ever popped alone
// and the ABA problem cannot arise.
std::atomic<DeferredKeepable*> queue{nullptr};
std::atomic<void (*)() noexcept> release_hook{nullptr};
}  // namespace

bool DeferredKeepable::keep(Holder) noexcept {
  holders_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void DeferredKeepable::release(Holder) noexcept {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  DeferredKeepable* head = queue.load(std::memory_order_relaxed);
  do {
    next_ = head;
  } while (!queue.compare_exchange_weak(head, this, std::memory_order_release,
                                        std::memory_order_relaxed));
  if (head == nullptr) {
    if (auto* hook = release_hook.load(std::memory_order_acquire)) hook();
  }
}

std::size_t drain_released() {
  if (!queue.load(std::memory_order_relaxed)) return 0;  // the common case, on hot paths
  std::size_t drained = 0;
  DeferredKeepable* node = queue.exchange(nullptr, std::memory_order_acquire);
  while (node) {
    DeferredKeepable* next = node->next_;
    delete node;
    node = next;
    ++drained;
  }
  return drained;
}

void set_release_hook(void (*hook)() noexcept) noexcept {
  release_hook.store(hook, std::memory_order_release);
}

}  // namespace foundry
