// What command buffers keep their commands in; a queue's are used again, so that encoding settles
// to a constant number of allocations per command buffer.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "anvil/backend/commands.hpp"
#include "anvil/metal/command_arena.hpp"
#include "anvil/objc/object.hpp"

namespace anvil::metal {

struct CommandStorage {
  std::vector<backend::Command> commands;
  CommandArena arena;
  std::vector<objc::Ref<objc_object>> held;  ///< until the commands have run

  void clear() {
    held.clear();
    commands.clear();
    arena.clear();
  }
};

/// Thread-safe: buffers are made by their encoders' threads and done on the queue's.
class CommandStoragePool {
 public:
  /// For as many as there will ever be: put() must not allocate.
  CommandStoragePool() { spare_.reserve(kSpare); }

  std::unique_ptr<CommandStorage> take() {
    {
      std::lock_guard lock(mutex_);
      if (!spare_.empty()) {
        auto storage = std::move(spare_.back());
        spare_.pop_back();
        return storage;
      }
    }
    return std::make_unique<CommandStorage>();
  }
  void put(std::unique_ptr<CommandStorage> storage) {
    storage->clear();
    std::lock_guard lock(mutex_);
    if (spare_.size() < spare_.capacity()) spare_.push_back(std::move(storage));
  }

 private:
  static constexpr size_t kSpare = 8;

  std::mutex mutex_;
  std::vector<std::unique_ptr<CommandStorage>> spare_;
};

}  // namespace anvil::metal
