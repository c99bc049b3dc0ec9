// Pipeline: one specialised kernel, ready to dispatch; a counted handle.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "foundry/device/reflection.hpp"

namespace foundry {

class Device;

namespace detail {
struct PipelineState;
}

/// Immutable and thread-safe. Made by Library. Default-constructed it is empty and only testable.
class [[nodiscard]] Pipeline {
 public:
  Pipeline() = default;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  [[nodiscard]] const std::string& name() const noexcept;
  /// Threads one threadgroup may have; depends on the kernel's registers.
  [[nodiscard]] std::uint32_t max_threads_per_threadgroup() const noexcept;
  /// Lanes of a simdgroup: 32.
  [[nodiscard]] std::uint32_t thread_execution_width() const noexcept;
  /// Bytes of threadgroup memory that the kernel declares itself.
  [[nodiscard]] std::uint64_t static_threadgroup_memory() const noexcept;
  [[nodiscard]] const Reflection& reflection() const noexcept;
  [[nodiscard]] bool is_of(const Device& device) const noexcept;

  friend bool operator==(const Pipeline&, const Pipeline&) = default;

 private:
  friend struct detail::PipelineState;
  explicit Pipeline(std::shared_ptr<const detail::PipelineState> state)
      : state_(std::move(state)) {}
  std::shared_ptr<const detail::PipelineState> state_;
};

/// "pipeline 'axpy' (3 arguments, up to 1024 threads a threadgroup)".
[[nodiscard]] std::string to_string(const Pipeline& pipeline);

}  // namespace foundry
