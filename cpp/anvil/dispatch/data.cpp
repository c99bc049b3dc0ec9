#include "anvil/dispatch/data.hpp"

#include <dispatch/dispatch.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace anvil::dispatch {
namespace {

ANVIL_OBJC_CLASS_DEFINITION<Data> data_definition{"OS_dispatch_data", {}};

Data* of(dispatch_data_t data) {
  return reinterpret_cast<Data*>(data);
}
dispatch_data_t handle(objc::Ref<Data> data) {
  return reinterpret_cast<dispatch_data_t>(data.detach());
}

/// New memory for so many bytes, which the data owns.
objc::Ref<Data> owning(size_t size, std::byte*& memory) {
  memory = static_cast<std::byte*>(std::malloc(size ? size : 1));
  if (!memory) throw std::bad_alloc();
  objc::Ref<Data> data = objc::make<Data>();
  data->bytes = {memory, size};
  void* owned = memory;
  data->destructor = objc::Block<void()>(^{
    std::free(owned);
  });
  return data;
}

}  // namespace
}  // namespace anvil::dispatch

using namespace anvil;
using namespace anvil::dispatch;

extern "C" {

/// DISPATCH_DATA_DESTRUCTOR_FREE is known by its address: the block itself has no argument.
ANVIL_EXPORT extern const dispatch_block_t _dispatch_data_destructor_free;
const dispatch_block_t _dispatch_data_destructor_free = ^{
};

ANVIL_EXPORT dispatch_data_t dispatch_data_create(const void* bytes, size_t size, dispatch_queue_t,
                                                  dispatch_block_t destructor) {
  if (!destructor) {
    std::byte* memory;
    objc::Ref<Data> data = owning(size, memory);
    if (size) std::memcpy(memory, bytes, size);
    return handle(std::move(data));
  }
  objc::Ref<Data> data = objc::make<Data>();
  data->bytes = {static_cast<const std::byte*>(bytes), size};
  void* owned = const_cast<void*>(bytes);
  data->destructor = destructor == _dispatch_data_destructor_free ? objc::Block<void()>(^{
    std::free(owned);
  })
                                                                  : objc::Block<void()>(destructor);
  return handle(std::move(data));
}
ANVIL_EXPORT size_t dispatch_data_get_size(dispatch_data_t data) {
  return data ? of(data)->bytes.size() : 0;
}
ANVIL_EXPORT dispatch_data_t dispatch_data_create_map(dispatch_data_t data, const void** bytes,
                                                      size_t* size) {
  if (bytes) *bytes = data ? of(data)->bytes.data() : nullptr;
  if (size) *size = dispatch_data_get_size(data);
  return handle(objc::Ref<Data>(of(data)));
}
ANVIL_EXPORT dispatch_data_t dispatch_data_create_concat(dispatch_data_t first,
                                                         dispatch_data_t second) {
  const auto a = of(first)->bytes, b = of(second)->bytes;
  std::byte* memory;
  objc::Ref<Data> data = owning(a.size() + b.size(), memory);
  std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), memory));
  return handle(std::move(data));
}
ANVIL_EXPORT dispatch_data_t dispatch_data_create_subrange(dispatch_data_t whole, size_t offset,
                                                           size_t length) {
  const auto bytes = of(whole)->bytes;
  offset = std::min(offset, bytes.size());
  objc::Ref<Data> data = objc::make<Data>();
  data->bytes = bytes.subspan(offset, std::min(length, bytes.size() - offset));
  data->whole = objc::Ref<Data>(of(whole));
  return handle(std::move(data));
}
ANVIL_EXPORT bool dispatch_data_apply(dispatch_data_t data, dispatch_data_applier_t applier) {
  return applier(data, 0, of(data)->bytes.data(), of(data)->bytes.size());
}

}  // extern "C"
