#include "foundry/kernel/kernel_call.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "foundry/core/error.hpp"
#include "foundry/device/limits.hpp"

namespace foundry {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> id{1};
  return id.fetch_add(1, std::memory_order_relaxed);
}

/// A definition by its number: another one may come to stand at its address.
struct NumberedDefinition {
  const KernelDefinition* definition;
  std::uint64_t key() const noexcept { return definition->id(); }
};

struct Recipe {
  NumberedDefinition of;
  std::uint64_t present;  ///< bit i: argument i is there
  std::span<const FunctionConstants::Value> constants;

  KernelDescription describe() const {
    KernelDescription description = of.definition->description();
    for (std::size_t i = 0; i < description.arguments.size(); ++i) {
      description.arguments[i].present = (present >> i & 1) != 0;
    }
    for (std::size_t i = 0; i < constants.size(); ++i) {
      description.constants[i].value = constants[i];
    }
    return description;
  }
};

/// Bytes past what a binding holds in itself, which a library's kernel reads from a buffer of the
/// call's own. The command buffer, or the program, keeps it.
AnyTensor buffer_of(Encoder& encoder, const ArgumentDescription& argument,
                    std::span<const std::byte> bytes) {
  const std::uint64_t elements = bytes.size() / info(argument.dtype).block_bytes;
  AnyTensor tensor = AnyTensor::dedicated(encoder.device(), {elements}, argument.dtype,
                                          StorageMode::shared, argument.name);
  tensor.copy_from_host(encoder.stream(), bytes);
  return tensor;
}

struct ArgumentOf {
  Argument operator()(std::monostate) const { return {}; }
  Argument operator()(const AnyTensor& tensor) const { return tensor; }
  Argument operator()(const std::vector<std::byte>& bytes) const { return Argument::bytes(bytes); }
  Argument operator()(std::uint64_t elements) const {
    return Argument::threadgroup_memory(elements);
  }
  Argument operator()(const ParameterUse& use) const {
    static constexpr std::array<std::byte, 8> kZero{};  // the widest scalar
    return Argument::bytes(std::span(kZero).first(info(use.type).block_bytes), std::span(&use, 1));
  }
};

}  // namespace

KernelDefinition::KernelDefinition(KernelDescription description)
    : description_(std::move(description)), source_(description_.msl()), id_(next_id()) {}

void KernelCall::encode(Encoder& encoder) const {
  if (!kernel) throw ArgumentError("a kernel call without a kernel");
  const auto& described = kernel->description().arguments;
  if (values.size() != described.size()) {
    throw ArgumentError(
        concat(kernel->name(), ": takes ", described.size(), " arguments, got ", values.size()));
  }
  const auto& described_constants = kernel->description().constants;
  if (constants.size() != described_constants.size()) {
    throw ArgumentError(concat(kernel->name(), ": takes ", described_constants.size(),
                               " constants, got ", constants.size()));
  }
  for (std::size_t i = 0; i < constants.size(); ++i) {
    if (constants[i].index() != described_constants[i].value.index()) {
      throw ArgumentError(concat(kernel->name(), ": constant '", described_constants[i].name,
                                 "' is of another type"));
    }
  }
  Recipe recipe{.of = {kernel.get()}, .present = 0, .constants = constants};
  std::vector<Argument> arguments;
  arguments.reserve(values.size());
  std::vector<AnyTensor> made;  // arguments refer to them
  made.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool is_present = !std::holds_alternative<std::monostate>(values[i]);
    recipe.present |= std::uint64_t{is_present} << i;
    const auto* bytes = std::get_if<std::vector<std::byte>>(&values[i]);
    if (bytes && bytes->size() > kMaxBindingBytes && described[i].reflected) {
      arguments.emplace_back(made.emplace_back(buffer_of(encoder, described[i], *bytes)));
    } else {
      arguments.push_back(std::visit(ArgumentOf{}, values[i]));
    }
  }
  const auto compiled = encoder.kernel(recipe);
  encoder.dispatch(*compiled, arguments, config);
}

Traffic KernelCall::traffic() const {
  if (!kernel) throw ArgumentError("a kernel call without a kernel");
  Traffic traffic;
  const auto& described = kernel->description().arguments;
  for (std::size_t i = 0; i < std::min(values.size(), described.size()); ++i) {
    const auto* tensor = std::get_if<AnyTensor>(&values[i]);
    if (tensor == nullptr) continue;
    const Access access = described[i].access;
    if (reads(access)) traffic.reads += bytes_of(*tensor);
    if (writes(access)) traffic.writes += bytes_of(*tensor);
  }
  return traffic;
}

}  // namespace foundry
