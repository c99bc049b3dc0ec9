// Foundry: the face of the runtime: allocate, run kernels, wait.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <ranges>
#include <span>
#include <string>
#include <vector>

#include "foundry/device/command_stream.hpp"
#include "foundry/device/device.hpp"
#include "foundry/kernel/arguments.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/preparation.hpp"
#include "foundry/kernel/registry.hpp"
#include "foundry/memory/arena.hpp"
#include "foundry/program/recording.hpp"
#include "foundry/tensor/tensor.hpp"

namespace foundry {

/// What run() takes besides kernel structs: the ops of ops/, and fused kernels.
template <class T>
concept Operation = requires(const T& operation, Encoder& encoder) { operation.encode(encoder); };

/// Host values to start a tensor with. Made by from().
template <Element T>
struct HostValues {
  std::span<const T> values;
};
/// Any contiguous range of elements: a vector, an array, a span. It must outlive the call.
template <std::ranges::contiguous_range Range>
  requires Element<std::ranges::range_value_t<Range>>
[[nodiscard]] HostValues<std::ranges::range_value_t<Range>> from(const Range& range) {
  return {std::span(std::ranges::data(range), std::ranges::size(range))};
}

struct FoundryOptions {
  StreamOptions stream;
  std::size_t kernel_capacity = KernelRegistry::kDefaultCapacity;
  std::uint64_t arena_cap_bytes = 0;  ///< of the default arena; 0: no cap
};

/// One device, one stream of work, a kernel registry and named arenas. Thread-safe; runs are
/// asynchronous, and reads of host-visible tensors wait for what they need.
class Foundry {
 public:
  static constexpr const char* kDefaultArena = "default";

  explicit Foundry(const Device& device = Device::system_default(),
                   const FoundryOptions& options = {});
  /// "cpu:0", or a device's name. Throws DeviceError that lists the devices there are.
  explicit Foundry(std::string_view device, const FoundryOptions& options = {})
      : Foundry(Device::find(device), options) {}
  Foundry(const Foundry&) = delete;
  Foundry& operator=(const Foundry&) = delete;

  /// A pooled, shared tensor of the default arena, uninitialised or with host values (ShapeError if
  /// their number differs).
  template <Element T>
  Tensor<T, Pooled, Shared> alloc(const Extents& extents, std::string name = {}) {
    return Tensor<T, Pooled, Shared>(alloc(extents, dtype_of<T>, std::move(name)));
  }
  template <Element T>
  Tensor<T, Pooled, Shared> alloc(const Extents& extents, HostValues<T> init,
                                  std::string name = {}) {
    auto tensor = alloc<T>(extents, std::move(name));
    initialise(tensor, std::as_bytes(init.values));
    return tensor;
  }
  /// `alloc<f16, Shape<4096>>()`: the shape is in the type.
  template <Element T, ShapeTag S>
    requires(S::kIsStatic)
  Tensor<T, Pooled, Shared, S> alloc(std::string name = {}) {
    return Tensor<T, Pooled, Shared, S>(alloc(extents_of<S>(), dtype_of<T>, std::move(name)));
  }
  /// From another arena, of the storage mode that it has (StorageError if it has another).
  template <Element T, StorageModeTag Mode = Shared>
  Tensor<T, Pooled, Mode> alloc(Arena& arena, const Extents& extents, std::string name = {}) {
    return Tensor<T, Pooled, Mode>(AnyTensor::pooled(arena, extents, dtype_of<T>, std::move(name)));
  }
  /// A tensor with a buffer of its own, for what lives long: weights, caches.
  template <Element T>
  Tensor<T, Dedicated, Shared> tensor(const Extents& extents, HostValues<T> init,
                                      std::string name = {}) {
    Tensor<T, Dedicated, Shared> tensor(
        AnyTensor::dedicated(device(), extents, dtype_of<T>, StorageMode::shared, std::move(name)));
    initialise(tensor, std::as_bytes(init.values));
    return tensor;
  }

  /// An uninitialised one, shared or private.
  template <Element T, StorageModeTag Mode = Shared>
    requires(!std::same_as<Mode, Borrowed>)
  Tensor<T, Dedicated, Mode> dedicated(const Extents& extents, std::string name = {}) {
    return Tensor<T, Dedicated, Mode>(
        AnyTensor::dedicated(device(), extents, dtype_of<T>, Mode::kMode, std::move(name)));
  }
  /// The elements themselves as a tensor, without a copy; `owner` keeps them alive. ShapeError
  /// unless their number is the shape's. Of const elements the tensor is read-only.
  template <Element T>
  Tensor<T, Dedicated, Borrowed> borrow(const Extents& extents, std::span<T> elements,
                                        std::shared_ptr<const void> owner, std::string name = {}) {
    return Tensor<T, Dedicated, Borrowed>(
        borrow(extents, dtype_of<T>, unsafe::HostMemory::writable(std::as_writable_bytes(elements)),
               std::move(owner), std::move(name)));
  }
  template <Element T>
  Tensor<T, Dedicated, Borrowed> borrow(const Extents& extents, std::span<const T> elements,
                                        std::shared_ptr<const void> owner, std::string name = {}) {
    return Tensor<T, Dedicated, Borrowed>(
        borrow(extents, dtype_of<T>, unsafe::HostMemory::read_only(std::as_bytes(elements)),
               std::move(owner), std::move(name)));
  }

  /// The same with the element type as a value.
  AnyTensor alloc(const Extents& extents, DType dtype, std::string name = {});
  AnyTensor alloc(const Extents& extents, DType dtype, std::span<const std::byte> init,
                  std::string name = {});
  AnyTensor empty(const Extents& extents, DType dtype, std::string name = {}) {
    return alloc(extents, dtype, std::move(name));
  }
  AnyTensor tensor(const Extents& extents, DType dtype, std::span<const std::byte> init,
                   StorageMode mode = StorageMode::shared, std::string name = {});
  /// Host memory, e.g. a MappedFile's. ShapeError unless its length is the shape's, StorageError if
  /// its address is not aligned for the dtype.
  AnyTensor borrow(const Extents& extents, DType dtype, const unsafe::HostMemory& memory,
                   std::shared_ptr<const void> owner, std::string name = {});

  /// Compiles the kernel if it is new, and encodes its dispatch. A kernel struct
  /// (kernel/arguments.hpp), an op, or a fused kernel. Throws what they document; nothing is
  /// encoded then.
  template <DescribedKernel K>
  void run(const K& kernel) {
    encode_kernel(encoder_, kernel);
  }
  template <Operation Op>
    requires(!DescribedKernel<Op>)
  void run(const Op& operation) {
    operation.encode(encoder_);
  }

  /// Compiles what run() would compile and checks what it would check; nothing is encoded. Called
  /// from several threads, it compiles several kernels at once.
  template <class K>
    requires DescribedKernel<K> || Operation<K>
  void prepare(const K& kernel) {
    const Preparation preparation(encoder_);
    run(kernel);
  }

  /// A program of what `body` runs on this thread; it does not run now (program/recording.hpp).
  template <std::invocable Body>
  Program record(const Body& body, std::string name = "program") {
    Recording recording(encoder_, std::move(name));
    body();
    return recording.finish();
  }

  /// The arena of that name; made on first use, shared storage, no cap. Stays valid.
  Arena& arena(const std::string& name = kDefaultArena);
  /// The arena of that name, made with `options` (their `name` is `name`). ArgumentError if it
  /// exists already.
  Arena& make_arena(const std::string& name, ArenaOptions options);
  std::vector<std::string> arena_names() const;

  /// While it lives, the default arena's allocations belong to it; they are retired when it ends.
  [[nodiscard]] ArenaScope scope() { return ArenaScope(*default_arena_); }
  [[nodiscard]] ArenaScope scope(const std::string& name) { return ArenaScope(arena(name)); }
  /// Waits for the device, then makes everything in the arena free. ArenaInUseError names the
  /// holders.
  void reset(const std::string& name = kDefaultArena);

  /// Commits, waits for everything, and throws the failures since the last call as one DeviceError.
  void synchronize() { stream_.synchronize(); }
  void flush() { stream_.flush(); }

  /// The whole MSL that a kernel compiles from, signature included; compiles nothing.
  template <DescribedKernel K>
  std::string source(const K& kernel) const {
    return describe_kernel(kernel).msl();
  }

  const Device& device() const noexcept { return registry_.device(); }
  CommandStream& stream() noexcept { return stream_; }
  KernelRegistry& registry() noexcept { return registry_; }
  const KernelRegistry& registry() const noexcept { return registry_; }
  Encoder& encoder() noexcept { return encoder_; }

 private:
  void initialise(const AnyTensor& tensor, std::span<const std::byte> bytes);
  Arena& add_arena_locked(const std::string& name, ArenaOptions options);

  KernelRegistry registry_;
  CommandStream stream_;
  Encoder encoder_;
  mutable std::mutex arenas_mutex_;
  std::map<std::string, std::unique_ptr<Arena>> arenas_;
  Arena* default_arena_ = nullptr;
};

/// "Foundry on 'Anvil CPU': 12 kernels, 3 arenas".
[[nodiscard]] std::string to_string(const Foundry& foundry);

}  // namespace foundry
