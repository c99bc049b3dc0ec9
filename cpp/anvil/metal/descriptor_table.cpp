#include "anvil/metal/descriptor_table.hpp"

#include <span>

namespace anvil::metal {

backend::Address DescriptorTable::add(const AnvilTexture& descriptor) {
  std::lock_guard lock(mutex_);
  if (free_.empty()) {
    auto slab = device_.allocate(kInSlab * sizeof(AnvilTexture), backend::Storage::shared);
    if (!slab) return 0;
    free_.reserve(free_.capacity() + kInSlab);  // remove() must not allocate
    for (size_t i = kInSlab; i-- > 0;) free_.push_back(slab->address + i * sizeof(AnvilTexture));
    slabs_.push_back(std::move(slab));
  }
  const backend::Address address = free_.back();
  free_.pop_back();
  device_.write(address, std::as_bytes(std::span(&descriptor, 1)));
  return address;
}

void DescriptorTable::remove(backend::Address descriptor) {
  std::lock_guard lock(mutex_);
  free_.push_back(descriptor);
}

backend::Address DescriptorTable::none() {
  {
    std::lock_guard lock(mutex_);
    if (none_) return none_;
  }
  const backend::Address made = add({});
  std::lock_guard lock(mutex_);
  return none_ ? none_ : none_ = made;
}

}  // namespace anvil::metal
