// Which buffers and textures are at an address: argument tables have nothing else of them.
#pragma once

#include <map>
#include <mutex>
#include <unordered_map>

#include "anvil/backend/memory.hpp"
#include "anvil/objc/object.hpp"

namespace anvil::metal {

struct Buffer;
struct Texture;

/// Any thread may call it.
class ResourceAddresses {
 public:
  void add(Buffer* buffer);
  void remove(Buffer* buffer);
  void add(Texture* texture);
  void remove(Texture* texture);

  /// Null where no buffer is, or none any more. Of those of a heap that share memory, one.
  objc::Ref<Buffer> buffer_at(backend::Address address);
  /// Whose gpuResourceID it is; null where it is no texture's, or none's any more.
  objc::Ref<Texture> texture_of(backend::Address descriptor);

 private:
  std::mutex mutex_;  // guards the rest
  std::multimap<backend::Address, Buffer*> buffers_;
  std::unordered_map<backend::Address, Texture*> textures_;
};

}  // namespace anvil::metal
