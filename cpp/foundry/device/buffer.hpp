// Buffer: device memory with a storage mode; a counted handle, cheap to copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "foundry/device/storage_mode.hpp"
#include "foundry/unsafe/host_memory.hpp"

namespace foundry {

namespace detail {
struct BufferState;

/// What dispatches ask of a buffer again and again; the rest of a BufferState needs Metal's
/// headers.
struct BufferFacts {
  std::uint64_t length = 0;
  std::uint64_t hazard_address = 0;
  StorageMode mode = StorageMode::shared;
  bool is_read_only = false;
};
}  // namespace detail

/// Opens borrowed bytes for the host, each time that it is to see them, where it sees them
/// elsewhere than the device does. What it throws says why it cannot.
using HostWindow = std::function<unsafe::HostMemory()>;

/// A block of device memory. Made by Device. Safe to share between threads; the bytes are not.
/// An empty (default) Buffer has length 0; anything else on it throws StorageError.
class [[nodiscard]] Buffer {
 public:
  Buffer() = default;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  [[nodiscard]] std::uint64_t length() const noexcept { return state_ ? state_->length : 0; }
  [[nodiscard]] StorageMode mode() const noexcept {
    return state_ ? state_->mode : StorageMode::shared;
  }
  /// Borrowed from read-only pages: the host and kernels may read it, nothing may write it.
  [[nodiscard]] bool is_read_only() const noexcept { return state_ && state_->is_read_only; }
  [[nodiscard]] const std::string& label() const noexcept;
  /// The host's view of the bytes. It does not wait for the device: see wait_for_writes().
  /// Throws StorageError for private storage, and what a HostWindow throws.
  [[nodiscard]] unsafe::HostMemory host() const;
  /// Where the buffer lies on the line of addresses that hazards are computed on: the host address
  /// (so that two buffers over the same pages meet), for private storage a range of its own.
  [[nodiscard]] std::uint64_t hazard_address() const noexcept {
    return state_ ? state_->hazard_address : 0;
  }
  /// "buffer 'chunk 0' of 64.0 MiB, shared".
  [[nodiscard]] std::string describe() const;

  friend bool operator==(const Buffer&, const Buffer&) = default;

 private:
  friend class Device;
  friend struct detail::BufferState;
  explicit Buffer(std::shared_ptr<const detail::BufferFacts> state) : state_(std::move(state)) {}
  std::shared_ptr<const detail::BufferFacts> state_;  // a BufferState
};

}  // namespace foundry
