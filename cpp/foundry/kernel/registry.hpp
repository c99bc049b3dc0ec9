// KernelRegistry: compiled kernels by content, bounded; one compilation per kernel, whoever asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "foundry/device/device.hpp"
#include "foundry/device/pipeline.hpp"
#include "foundry/kernel/compilation.hpp"
#include "foundry/kernel/description.hpp"

namespace foundry {

/// A kernel ready to dispatch. Immutable, thread-safe; made by KernelRegistry, as a shared_ptr.
struct CompiledKernel : std::enable_shared_from_this<CompiledKernel> {
  KernelDescription description;
  std::string source;  ///< the whole MSL
  Pipeline pipeline;
  std::uint64_t hash = 0;                           ///< of source and constants
  mutable std::atomic<std::uint64_t> last_used{0};  ///< the registry's clock

  const std::string& name() const noexcept { return description.name; }
};

/// "kernel 'axpy' 1f9c...: 3 arguments, 41 lines".
[[nodiscard]] std::string to_string(const CompiledKernel& kernel);

struct RegistryStatistics {
  std::uint64_t compilations = 0;
  std::uint64_t hits = 0;
  std::uint64_t evictions = 0;
  std::size_t kernels = 0;  ///< held now
};

/// Keyed by the whole source and the values of its constants: two kernels of one name never
/// collide, and one kernel reached on two ways is compiled once. Past `capacity` the least recently
/// used leaves; whoever still holds it can go on using it. Thread-safe.
class KernelRegistry {
 public:
  static constexpr std::size_t kDefaultCapacity = 512;

  /// Without pipelines nothing is compiled: kernels have their sources, to be read.
  enum class Pipelines : std::uint8_t { made, left_out };

  explicit KernelRegistry(Device device, std::size_t capacity = kDefaultCapacity,
                          Pipelines pipelines = Pipelines::made)
      : device_(std::move(device)), capacity_(capacity), pipelines_(pipelines) {}

  /// Throws KernelCompileError that names the kernel, and the shader file and line; and
  /// SignatureMismatchError. A failure is not kept: the next call tries again. The wait can be
  /// abandoned (core/waiting.hpp); the compilation then goes on for the next who asks.
  std::shared_ptr<const CompiledKernel> get(const KernelDescription& description) {
    return get(description, description.msl());
  }
  /// The same with the whole MSL as it was generated elsewhere: of the description only name,
  /// arguments, form and constants count.
  std::shared_ptr<const CompiledKernel> get(const KernelDescription& description,
                                            std::string source);

  /// Marks a kernel as used just now, for those who keep it without asking again.
  void touch(const CompiledKernel& kernel) noexcept {
    kernel.last_used.store(clock_.fetch_add(1, std::memory_order_relaxed),
                           std::memory_order_relaxed);
  }

  RegistryStatistics statistics() const;
  const Device& device() const noexcept { return device_; }

 private:
  struct Running {
    std::shared_ptr<Compilation> run = std::make_shared<Compilation>();
    std::size_t waiting = 0;  // guarded by the registry's mutex

    std::shared_ptr<const CompiledKernel> kernel() const {
      return std::static_pointer_cast<const CompiledKernel>(run->result());
    }
  };
  void leave(const std::string& key, const std::shared_ptr<Running>& compilation);
  [[nodiscard]] static std::shared_ptr<const CompiledKernel> compile(
      const Device& device, Pipelines pipelines, const KernelDescription& description,
      std::string source);
  void evict_locked();

  const Device device_;
  const std::size_t capacity_;
  const Pipelines pipelines_;
  std::atomic<std::uint64_t> clock_{1};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const CompiledKernel>> kernels_;
  std::unordered_map<std::string, std::shared_ptr<Running>> running_;
  RegistryStatistics statistics_;
};

}  // namespace foundry
