#include "anvil/metal/resource_addresses.hpp"

#include "anvil/metal/buffer.hpp"
#include "anvil/metal/texture.hpp"
#include "anvil/objc/instances.hpp"

namespace anvil::metal {
namespace {

/// Nothing for what is being destroyed, and about to call remove().
template <class T>
objc::Ref<T> held(T* object) {
  return objc::retain_if_alive(object) ? objc::Ref<T>::adopt(object) : objc::Ref<T>();
}

}  // namespace

void ResourceAddresses::add(Buffer* buffer) {
  std::lock_guard lock(mutex_);
  buffers_.emplace(buffer->address, buffer);
}

void ResourceAddresses::remove(Buffer* buffer) {
  std::lock_guard lock(mutex_);
  auto [each, end] = buffers_.equal_range(buffer->address);
  while (each != end && each->second != buffer) ++each;
  if (each != end) buffers_.erase(each);
}

void ResourceAddresses::add(Texture* texture) {
  std::lock_guard lock(mutex_);
  textures_[texture->descriptor] = texture;
}

void ResourceAddresses::remove(Texture* texture) {
  std::lock_guard lock(mutex_);
  textures_.erase(texture->descriptor);
}

objc::Ref<Buffer> ResourceAddresses::buffer_at(backend::Address address) {
  std::lock_guard lock(mutex_);
  // The last that begins before it, but where buffers lie within each other.
  for (auto each = buffers_.upper_bound(address); each != buffers_.begin();) {
    Buffer* buffer = (--each)->second;
    if (address - buffer->address >= buffer->length) continue;
    if (objc::Ref<Buffer> found = held(buffer)) return found;
  }
  return nullptr;
}

objc::Ref<Texture> ResourceAddresses::texture_of(backend::Address descriptor) {
  std::lock_guard lock(mutex_);
  const auto found = textures_.find(descriptor);
  return found == textures_.end() ? objc::Ref<Texture>() : held(found->second);
}

}  // namespace anvil::metal
