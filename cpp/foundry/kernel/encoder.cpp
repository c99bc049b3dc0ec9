#include "foundry/kernel/encoder.hpp"

#include <limits>

#include "foundry/core/error.hpp"
#include "foundry/kernel/overlap.hpp"
#include "foundry/kernel/recorder.hpp"
#include "foundry/unsafe/stack_vector.hpp"

namespace foundry {
namespace {

using Kind = ArgumentDescription::Kind;

constexpr std::size_t kMaxBindings = 2 * kMaxArgumentIndices;  // buffers, threadgroup memories

std::string place(const CompiledKernel& kernel, const ArgumentDescription& argument) {
  return concat(kernel.name(), ": argument '", argument.name, "'");
}

void check_tensor(const CompiledKernel& kernel, const ArgumentDescription& argument,
                  const AnyTensor& tensor) {
  if (tensor.dtype() != argument.dtype && !takes_dtype(argument, tensor.dtype())) {
    throw DTypeError(concat(place(kernel, argument), " takes ", name_of(argument.dtype), ", got ",
                            tensor.describe()));
  }
  if (!tensor.is_contiguous() && !argument.strided) {
    throw ShapeError(
        concat(place(kernel, argument), " must be contiguous; ", to_string(tensor), " has gaps"));
  }
  if (tensor.is_read_only() && writes(argument.access)) {
    throw StorageError(
        concat(place(kernel, argument), " is written, but it is ", to_string(tensor)));
  }
}

[[noreturn]] void fail_parameter(const CompiledKernel& kernel, const ArgumentDescription& argument,
                                 const ParameterUse& use) {
  throw ArgumentError(concat(place(kernel, argument), " holds parameter '", use.parameter->name(),
                             "', which has a value only where a recorded program is replayed"));
}

void check_parameters(const CompiledKernel& kernel, const ArgumentDescription& argument,
                      std::span<const ParameterUse> uses, bool is_recording) {
  for (const ParameterUse& use : uses) {
    if (use.parameter && !is_recording) fail_parameter(kernel, argument, use);
  }
}

/// Bytes in place of a buffer: whole elements, of what is only read.
void check_value(const CompiledKernel& kernel, const ArgumentDescription& argument,
                 std::size_t bytes) {
  if (writes(argument.access)) {
    throw ArgumentError(concat(place(kernel, argument), " is written: it takes a tensor"));
  }
  const std::uint64_t element = element_bytes(argument);
  if (bytes % element != 0) {
    throw ArgumentError(concat(place(kernel, argument), " takes ", element,
                               " bytes or a multiple of them, got ", bytes));
  }
}

bool may_be_missing(const ArgumentDescription& argument) {
  if (argument.reflected) return !argument.reflected->is_used;
  return argument.optional && !argument.present;
}

std::uint32_t size_for_shader(const CompiledKernel& kernel, const ArgumentDescription& argument,
                              const AnyTensor& tensor) {
  if (tensor.count() > std::numeric_limits<std::uint32_t>::max()) {
    throw ShapeError(concat(place(kernel, argument), ": ", tensor.describe(), " has ",
                            tensor.count(), " elements, a kernel counts up to 2^32 - 1"));
  }
  return static_cast<std::uint32_t>(tensor.count());
}

}  // namespace

std::shared_ptr<const CompiledKernel> Encoder::find(const KernelKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = kernels_.find(key);
  if (found == kernels_.end()) return nullptr;
  auto kernel = found->second.lock();
  if (kernel) {
    registry_->touch(*kernel);
  } else {
    kernels_.erase(found);
  }
  return kernel;
}

void Encoder::remember(const KernelKey& key, const std::shared_ptr<const CompiledKernel>& kernel) {
  const std::lock_guard lock(mutex_);
  if (kernels_.size() >= 4 * KernelRegistry::kDefaultCapacity) {
    std::erase_if(kernels_, [](const auto& entry) { return entry.second.expired(); });
  }
  kernels_.insert_or_assign(key, kernel);
}

void Encoder::dispatch(const CompiledKernel& kernel, std::span<const Argument> arguments,
                       const DispatchConfig& config) {
  Recorder* const recorder = Recorder::of(*this);
  const auto& described = kernel.description.arguments;
  if (arguments.size() != described.size()) {
    throw ArgumentError(
        concat(kernel.name(), ": takes ", described.size(), " arguments, got ", arguments.size()));
  }
  unsafe::StackVector<Binding, kMaxBindings> bindings;
  unsafe::StackVector<std::uint32_t, kMaxArgumentIndices> sizes;
  unsafe::StackVector<TensorPlace, kMaxArgumentIndices> places;
  std::uint32_t buffer_index = 0;
  std::uint32_t threadgroup_index = 0;
  for (std::size_t i = 0; i < described.size(); ++i) {
    const ArgumentDescription& argument = described[i];
    const Argument& given = arguments[i];
    switch (argument.kind) {
      case Kind::buffer: {
        const std::uint32_t index = argument.reflected ? argument.reflected->index : buffer_index++;
        if (argument.reflected && !given.bytes_.empty()) {
          check_value(kernel, argument, given.bytes_.size());
          check_parameters(kernel, argument, given.uses_, recorder != nullptr);
          bindings.push_back(Binding::bytes(index, given.bytes_));
          break;
        }
        const bool there = given.tensor_ != nullptr && *given.tensor_;
        if (!there && !may_be_missing(argument)) {
          throw ArgumentError(concat(place(kernel, argument), " is missing"));
        }
        if (kernel.description.has_sizes()) {
          sizes.push_back(there ? size_for_shader(kernel, argument, *given.tensor_) : 0);
        }
        if (!there) break;
        const AnyTensor& tensor = *given.tensor_;
        check_tensor(kernel, argument, tensor);
        places.push_back(place_of(argument, tensor));
        // What a view leaves out keeps its values.
        const Access access = argument.access == Access::write && !tensor.is_contiguous()
                                  ? Access::write_some
                                  : argument.access;
        bindings.push_back(Binding::buffer(index, tensor.range(), access, tensor.lease().target()));
        break;
      }
      case Kind::bytes: {
        const std::uint64_t wanted =
            argument.layout ? argument.layout->size : info(argument.dtype).block_bytes;
        if (given.bytes_.size() != wanted) {
          throw ArgumentError(concat(place(kernel, argument), " takes ", wanted, " bytes, got ",
                                     given.bytes_.size()));
        }
        check_parameters(kernel, argument, given.uses_, recorder != nullptr);
        bindings.push_back(Binding::bytes(buffer_index++, given.bytes_));
        break;
      }
      case Kind::threadgroup_memory: {
        const std::uint64_t bytes = given.elements_ * element_bytes(argument);
        const std::uint32_t index =
            argument.reflected ? argument.reflected->index : threadgroup_index++;
        if (bytes == 0 && argument.reflected && !argument.reflected->is_used) break;
        if (bytes == 0) throw ArgumentError(concat(place(kernel, argument), " has no size"));
        constexpr std::uint64_t kUnit = kThreadgroupMemoryUnit;
        bindings.push_back(Binding::threadgroup_memory(index, (bytes + kUnit - 1) / kUnit * kUnit));
        break;
      }
    }
  }
  check_overlaps(kernel.name(), places);
  if (kernel.description.has_sizes()) {
    if (sizes.empty()) sizes.push_back(0);
    bindings.push_back(
        Binding::bytes(buffer_index, std::as_bytes(std::span(sizes.data(), sizes.size()))));
  }
  if (recorder) {
    record(*recorder, kernel, arguments, bindings, config);
  } else {
    stream_->dispatch(kernel.pipeline, bindings, config.grid, config.threadgroup);
  }
}

void Encoder::record(Recorder& recorder, const CompiledKernel& kernel,
                     std::span<const Argument> arguments, std::span<const Binding> bindings,
                     const DispatchConfig& config) {
  unsafe::StackVector<RecordedArgument, kMaxBindings> recorded;
  for (const Argument& argument : arguments) {
    const bool left_out = argument.bytes_.empty() && argument.elements_ == 0 &&
                          !(argument.tensor_ && *argument.tensor_);
    if (left_out) continue;
    recorded.push_back({bindings[recorded.size()], argument.tensor_, argument.uses_});
  }
  // The sizes, which stand after the arguments, are of no argument.
  if (recorded.size() < bindings.size()) recorded.push_back({bindings[recorded.size()]});
  recorder.dispatch(kernel, recorded, config);
}

}  // namespace foundry
