// Encoder: where kernels meet their values. Checks them against the description, binds, dispatches.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>

#include "foundry/core/inline_vector.hpp"
#include "foundry/device/command_stream.hpp"
#include "foundry/kernel/dispatch_config.hpp"
#include "foundry/kernel/parameter.hpp"
#include "foundry/kernel/recipe.hpp"
#include "foundry/kernel/registry.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

/// The value of one described argument. It owns nothing and must not outlive what it was made of.
class Argument {
 public:
  /// An optional argument that is left out.
  Argument() = default;
  Argument(const AnyTensor& tensor) noexcept : tensor_(&tensor) {}
  [[nodiscard]] static Argument bytes(std::span<const std::byte> bytes) noexcept {
    Argument argument;
    argument.bytes_ = bytes;
    return argument;
  }
  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] static Argument value(const T& value) noexcept {
    return bytes(std::as_bytes(std::span(&value, 1)));
  }
  /// The same where some fields may hold parameters.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] static Argument value(const T& value, std::span<const ParameterUse> uses) noexcept {
    Argument argument = Argument::value(value);
    argument.uses_ = uses;
    return argument;
  }
  /// A value or parameter; `scalar` must outlive the argument.
  template <Element T>
  [[nodiscard]] static Argument scalar(const Scalar<T>& scalar) noexcept {
    return value(scalar.value(), std::span(&scalar.use(), 1));
  }
  /// The same with the bytes' parameters at run time.
  [[nodiscard]] static Argument bytes(std::span<const std::byte> bytes,
                                      std::span<const ParameterUse> uses) noexcept {
    Argument argument = Argument::bytes(bytes);
    argument.uses_ = uses;
    return argument;
  }
  /// Threadgroup memory for so many elements.
  [[nodiscard]] static Argument threadgroup_memory(std::uint64_t elements) noexcept {
    Argument argument;
    argument.elements_ = elements;
    return argument;
  }

 private:
  friend class Encoder;
  const AnyTensor* tensor_ = nullptr;
  std::span<const std::byte> bytes_;
  std::span<const ParameterUse> uses_;
  std::uint64_t elements_ = 0;
};

class Recorder;

/// Thread-safe, as the stream is.
class Encoder {
 public:
  Encoder(CommandStream& stream, KernelRegistry& registry)
      : stream_(&stream), registry_(&registry) {}

  /// The kernel of that recipe, which describes it once (again if the registry has evicted the
  /// kernel meanwhile).
  template <KernelRecipe R>
  std::shared_ptr<const CompiledKernel> kernel(const R& recipe) {
    const KernelKey key(recipe);
    if (auto known = find(key)) return known;
    auto compiled = registry_->get(recipe.describe());
    remember(key, compiled);
    return compiled;
  }

  /// Binds `arguments`, in the order of the description. Throws before anything is encoded:
  /// ArgumentError for a missing or surplus argument, bytes of another size or tensors that overlap
  /// where the description does not allow it, DTypeError, ShapeError for a tensor with gaps, and
  /// what CommandStream::dispatch throws. While the calling thread records (kernel/recorder.hpp),
  /// the recorder takes the dispatch; else a parameter is an ArgumentError.
  void dispatch(const CompiledKernel& kernel, std::span<const Argument> arguments,
                const DispatchConfig& config);
  void dispatch(const CompiledKernel& kernel, std::initializer_list<Argument> arguments,
                const DispatchConfig& config) {
    dispatch(kernel, std::span(arguments.begin(), arguments.size()), config);
  }

  CommandStream& stream() noexcept { return *stream_; }
  KernelRegistry& registry() noexcept { return *registry_; }
  const Device& device() const noexcept { return registry_->device(); }

 private:
  struct Hash {
    std::size_t operator()(const KernelKey& key) const noexcept { return key.hash(); }
  };
  static void record(Recorder& recorder, const CompiledKernel& kernel,
                     std::span<const Argument> arguments, std::span<const Binding> bindings,
                     const DispatchConfig& config);
  std::shared_ptr<const CompiledKernel> find(const KernelKey& key);
  void remember(const KernelKey& key, const std::shared_ptr<const CompiledKernel>& kernel);

  CommandStream* stream_;
  KernelRegistry* registry_;
  std::mutex mutex_;
  std::unordered_map<KernelKey, std::weak_ptr<const CompiledKernel>, Hash> kernels_;
};

}  // namespace foundry
