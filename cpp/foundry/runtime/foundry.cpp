#include "foundry/runtime/foundry.hpp"

#include "foundry/core/error.hpp"

namespace foundry {

Foundry::Foundry(const Device& device, const FoundryOptions& options)
    : registry_(device, options.kernel_capacity),
      stream_(device, options.stream),
      encoder_(stream_, registry_) {
  ArenaOptions arena;
  arena.cap_bytes = options.arena_cap_bytes;
  default_arena_ = &make_arena(kDefaultArena, arena);
}

AnyTensor Foundry::alloc(const Extents& extents, DType dtype, std::string name) {
  return AnyTensor::pooled(*default_arena_, extents, dtype, std::move(name));
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

Arena& Foundry::arena(const std::string& name) {
  if (name == kDefaultArena && default_arena_ != nullptr) return *default_arena_;
  const std::lock_guard lock(arenas_mutex_);
  const auto found = arenas_.find(name);
  return found != arenas_.end() ? *found->second : add_arena_locked(name, {});
}

Arena& Foundry::make_arena(const std::string& name, ArenaOptions options) {
  const std::lock_guard lock(arenas_mutex_);
  if (arenas_.contains(name)) throw ArgumentError(concat("arena '", name, "' exists already"));
  return add_arena_locked(name, std::move(options));
}

Arena& Foundry::add_arena_locked(const std::string& name, ArenaOptions options) {
  options.name = name;
  auto arena = std::make_unique<Arena>(device(), std::move(options));
  return *arenas_.emplace(name, std::move(arena)).first->second;
}

std::vector<std::string> Foundry::arena_names() const {
  const std::lock_guard lock(arenas_mutex_);
  std::vector<std::string> names;
  names.reserve(arenas_.size());
  for (const auto& [name, arena] : arenas_) names.push_back(name);
  return names;
}

void Foundry::reset(const std::string& name) {
  Arena& target = arena(name);
  stream_.synchronize();
  target.reset();
}

std::string to_string(const Foundry& foundry) {
  return concat("Foundry on '", foundry.device().name(),
                "': ", foundry.registry().statistics().kernels, " kernels, ",
                foundry.arena_names().size(), " arenas");
}

}  // namespace foundry
