// StorageMode: who may touch a buffer's bytes.
#pragma once

#include <cstdint>

namespace foundry {

enum class StorageMode : std::uint8_t {
  shared,    ///< Host and device, coherent.
  private_,  ///< The device only; the host copies through a CommandStream.
  borrowed,  ///< The host's own pages, bound to the device without a copy.
};

/// "shared", "private", "borrowed".
[[nodiscard]] constexpr const char* name_of(StorageMode mode) noexcept {
  return mode == StorageMode::shared     ? "shared"
         : mode == StorageMode::private_ ? "private"
                                         : "borrowed";
}

[[nodiscard]] constexpr bool is_host_visible(StorageMode mode) noexcept {
  return mode != StorageMode::private_;
}

}  // namespace foundry
