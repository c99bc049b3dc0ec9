#include "foundry/runtime/foundry.hpp"

#include "foundry/core/error.hpp"

namespace foundry {

Foundry::Foundry(const Device& device, const FoundryOptions& options)
    : registry_(device, options.kernel_capacity),
      stream_(device, options.stream),
      encoder_(stream_, registry_) {
  ArenaOptions arena;
  arena.cap_bytes = options.arena_cap_bytes;
  default_pool_ = &make_pool(kDefaultArena, arena);
}

AnyTensor Foundry::alloc(const Extents& extents, DType dtype, std::string name) {
  return AnyTensor::pooled(*default_pool_, extents, dtype, std::move(name));
}

AnyTensor Foundry::alloc(const Extents& extents, DType dtype, std::span<const std::byte> init,
                         std::string name) {
  auto tensor = alloc(extents, dtype, std::move(name));
  initialise(tensor, init);
  return tensor;
}

AnyTensor Foundry::tensor(const Extents& extents, DType dtype, std::span<const std::byte> init,
                          StorageMode mode, std::string name) {
  auto tensor = AnyTensor::dedicated(device(), extents, dtype, mode, std::move(name));
  initialise(tensor, init);
  return tensor;
}

AnyTensor Foundry::borrow(const Extents& extents, DType dtype, const unsafe::HostMemory& memory,
                          std::shared_ptr<const void> owner, std::string name) {
  const std::uint64_t bytes = byte_length(extents, dtype);
  if (memory.length() != bytes) {
    throw ShapeError(concat("borrow: ", to_string(extents), " ", name_of(dtype), " has ", bytes,
                            " bytes, the host memory ", memory.length()));
  }
  KeepAlive claim = KeepAlive::of(std::move(owner), concat("host memory of '", name, "'"));
  return AnyTensor::borrowed(device(), memory, std::move(claim), extents, dtype, std::move(name));
}

void Foundry::initialise(const AnyTensor& tensor, std::span<const std::byte> bytes) {
  if (bytes.size() != tensor.byte_length()) {
    throw ShapeError(concat(tensor.describe(), " has ", tensor.byte_length(), " bytes, its values ",
                            bytes.size()));
  }
  tensor.copy_from_host(stream_, bytes);
}

ArenaPool& Foundry::pool(const std::string& name) {
  if (name == kDefaultArena && default_pool_ != nullptr) return *default_pool_;
  const std::lock_guard lock(pools_mutex_);
  const auto found = pools_.find(name);
  return found != pools_.end() ? *found->second : add_pool_locked(name, {});
}

ArenaPool& Foundry::make_pool(const std::string& name, ArenaOptions options) {
  const std::lock_guard lock(pools_mutex_);
  if (pools_.contains(name)) throw ArgumentError(concat("arena '", name, "' exists already"));
  return add_pool_locked(name, std::move(options));
}

ArenaPool& Foundry::add_pool_locked(const std::string& name, ArenaOptions options) {
  options.name = name;
  auto pool = std::make_unique<ArenaPool>(device(), std::move(options));
  return *pools_.emplace(name, std::move(pool)).first->second;
}

std::vector<std::string> Foundry::pool_names() const {
  const std::lock_guard lock(pools_mutex_);
  std::vector<std::string> names;
  names.reserve(pools_.size());
  for (const auto& [name, pool] : pools_) names.push_back(name);
  return names;
}

void Foundry::reset(const std::string& arena) {
  ArenaPool& target = pool(arena);
  stream_.synchronize();
  target.reset();
}

std::string to_string(const Foundry& foundry) {
  return concat("Foundry on '", foundry.device().name(),
                "': ", foundry.registry().statistics().kernels, " kernels, ",
                foundry.pool_names().size(), " arenas");
}

}  // namespace foundry
