// Device: a Metal device; makes buffers and libraries, states its limits.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/core/keep_alive.hpp"
#include "foundry/device/buffer.hpp"
#include "foundry/device/device_traits.hpp"
#include "foundry/device/dispatch_size.hpp"
#include "foundry/device/library.hpp"

namespace foundry {

namespace detail {
struct DeviceState;
}

struct DeviceLimits {
  ThreadgroupSize max_threads_per_threadgroup;  ///< per dimension
  std::uint64_t max_threadgroup_memory = 0;     ///< bytes
  std::uint64_t max_buffer_length = 0;          ///< bytes
  std::uint64_t recommended_working_set = 0;    ///< bytes; 0 if the device does not say
};

/// A counted handle to one device. Thread-safe. Every call in a forked child throws DeviceError.
class Device {
 public:
  /// The system's default device. Throws DeviceError if there is none.
  [[nodiscard]] static Device system_default();
  /// Every device, the default one first.
  [[nodiscard]] static std::vector<Device> all();
  /// The device of that name, or by "type:index" ("cpu:0", "cuda:0"; the type is the name's first
  /// word that matches, in any case). Throws DeviceError that lists what there is.
  [[nodiscard]] static Device find(std::string_view name);

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const DeviceLimits& limits() const noexcept;
  [[nodiscard]] const DeviceTraits& traits() const noexcept;
  /// Bytes of buffers that are alive on the device.
  [[nodiscard]] std::uint64_t allocated_bytes() const;

  /// The most bytes of buffers that make_buffer() may have on the device, for the whole process; 0,
  /// as at first: no limit but the device's own. Buffers that are there already stay. Threads that
  /// allocate at the same time may pass it by what they ask for.
  void set_memory_limit(std::uint64_t bytes) const noexcept;
  [[nodiscard]] std::uint64_t memory_limit() const noexcept;

  /// `length` bytes of shared or private storage, zeroed or not as the device likes. Throws
  /// ArgumentError for length 0 or borrowed mode, OutOfMemoryError past max_buffer_length, past
  /// the memory limit, or when the device refuses, with both figures.
  [[nodiscard]] Buffer make_buffer(std::uint64_t length, StorageMode mode,
                                   std::string label = {}) const;
  /// A no-copy buffer over the whole pages that enclose `memory`, whose bytes begin at
  /// `borrow_offset(memory)` in it. `owner` keeps the pages alive and drops with the last handle.
  /// `window`: where the host sees the same bytes, if not there.
  [[nodiscard]] Buffer borrow(const unsafe::HostMemory& memory, KeepAlive owner,
                              std::string label = {}, HostWindow window = {}) const;
  /// Offset of `memory`'s first byte in the buffer that borrow() makes of it.
  [[nodiscard]] static std::uint64_t borrow_offset(const unsafe::HostMemory& memory) noexcept;

  /// Compiles MSL. `name` is what messages call it. Throws KernelCompileError with the log.
  [[nodiscard]] Library compile(const std::string& source, const std::string& name,
                                const CompileOptions& options = {}) const;
  /// A library that was compiled before (.metallib): Apple's, and on Anvil its own too. Its
  /// functions are read as pipelines are made. Throws ArgumentError for what cannot be read.
  [[nodiscard]] Library open_library(const std::string& path) const;
  /// Until it is called with null, compilations of the calling thread (libraries and pipelines) end
  /// early, as KernelCompileErrors, once the flag, which outlives that, is set and
  /// cancel_compilations() called. Where the device can end none, as Metal's own, they go on.
  void use_cancellation(const std::atomic<bool>* flag) const;
  void cancel_compilations() const;

  friend bool operator==(const Device&, const Device&) = default;

 private:
  friend struct detail::DeviceState;
  explicit Device(std::shared_ptr<detail::DeviceState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::DeviceState> state_;
};

/// "device 'Anvil CPU' (unified memory, 1024 threads a threadgroup, 32.0 KiB threadgroup memory)".
[[nodiscard]] std::string to_string(const Device& device);

}  // namespace foundry
