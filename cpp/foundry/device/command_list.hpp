// CommandList: dispatches that are checked, bound and ordered once, to be encoded again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "foundry/device/binding.hpp"
#include "foundry/device/device.hpp"
#include "foundry/device/dispatch_size.hpp"
#include "foundry/device/pipeline.hpp"

namespace foundry {

namespace detail {
struct CommandListState;
}

/// Built by one thread, then replayed by CommandStream::replay() from any. What a dispatch must
/// bind anew, and where a hazard needs a barrier, is found out while the list is built. The list
/// holds its pipelines and buffers, and what hold() was given; a `keep` of a binding is not
/// claimed.
class [[nodiscard]] CommandList {
 public:
  /// Constants begin at multiples of this in constants(): the widest alignment of MSL's types.
  static constexpr std::size_t kConstantAlignment = 16;

  explicit CommandList(const Device& device);
  CommandList(CommandList&&) noexcept = default;
  CommandList& operator=(CommandList&&) noexcept = default;

  /// Appends a dispatch, in the order of execution. Throws what CommandStream::dispatch does, and
  /// nothing is appended then. Bindings of kind bytes append to constants(), in order.
  void dispatch(const Pipeline& pipeline, std::span<const Binding> bindings, const GridSize& grid,
                const ThreadgroupSize& threadgroup);
  /// Lives as long as the list, and until command buffers that replay it complete.
  void hold(std::shared_ptr<const void> owner);

  [[nodiscard]] std::size_t size() const noexcept;      ///< dispatches
  [[nodiscard]] std::size_t barriers() const noexcept;  ///< between them
  /// The bytes of all bindings of kind bytes as they were given.
  [[nodiscard]] std::span<const std::byte> constants() const noexcept;

 private:
  friend struct detail::CommandListState;
  std::shared_ptr<detail::CommandListState> state_;
};

}  // namespace foundry
