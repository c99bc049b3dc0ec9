// The descriptors of a device's textures, where its kernels see them.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "anvil/abi/texture_abi.h"
#include "anvil/backend/device.hpp"

namespace anvil::metal {

/// Any thread may call it.
class DescriptorTable {
 public:
  explicit DescriptorTable(backend::Device& device) : device_(device) {}

  /// A copy of it for kernels, until remove(). 0 if there is no memory.
  backend::Address add(const AnvilTexture& descriptor);
  void remove(backend::Address descriptor);
  /// The descriptor of no texture; 0 if there is no memory.
  backend::Address none();

 private:
  static constexpr size_t kInSlab = 128;

  backend::Device& device_;
  std::mutex mutex_;  // guards the rest
  std::vector<std::unique_ptr<backend::Memory>> slabs_;
  std::vector<backend::Address> free_;
  backend::Address none_ = 0;
};

}  // namespace anvil::metal
