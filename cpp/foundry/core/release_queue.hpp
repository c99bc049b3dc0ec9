// Where claims on foreign objects go when they drop on a thread that must not run their destructor.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "foundry/core/keep_alive.hpp"

namespace foundry {

/// A resource whose destructor may run only where its owner allows it (a Python object: with the
/// GIL). Its last release() queues it; drain_released() destroys it. Derive, own the foreign
/// object, create with `new`, hand out KeepAlive(*object, holder).
class DeferredKeepable : public Keepable {
 public:
  bool keep(Holder by) noexcept final;
  void release(Holder by) noexcept final;

 private:
  friend std::size_t drain_released();
  std::atomic<std::uint32_t> holders_{0};
  DeferredKeepable* next_ = nullptr;
};

/// Destroys everything queued and returns how many. Call it where the destructors may run.
std::size_t drain_released();

/// Called, on any thread, when the queue becomes non-empty (e.g. Py_AddPendingCall). Must not block
/// and must not call back into foundry. nullptr removes it.
void set_release_hook(void (*hook)() noexcept) noexcept;

}  // namespace foundry
