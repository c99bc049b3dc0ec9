// KernelDefinition and KernelCall: a kernel described at run time, as Python's @kernel makes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "foundry/kernel/description.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry {

/// A kernel whose description is a value. Immutable; share it between calls.
class KernelDefinition {
 public:
  /// Checks the description (KernelDescription::msl) and keeps it.
  explicit KernelDefinition(KernelDescription description);

  [[nodiscard]] const KernelDescription& description() const noexcept { return description_; }
  [[nodiscard]] const std::string& name() const noexcept { return description_.name; }
  /// The whole MSL, signature included, with all optional arguments as the description has them.
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  /// Unique in the process.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

 private:
  KernelDescription description_;
  std::string source_;
  std::uint64_t id_;
};

/// A tensor, the bytes of a value, the elements of threadgroup memory, a parameter in place of a
/// value, or nothing for an optional tensor that is left out.
using KernelValue =
    std::variant<std::monostate, AnyTensor, std::vector<std::byte>, std::uint64_t, ParameterUse>;

/// A definition with its values, in the order of the description. For Foundry::run().
struct KernelCall {
  std::shared_ptr<const KernelDefinition> kernel;
  std::vector<KernelValue> values;
  DispatchConfig config;
  /// One for each constant of the description, of its type.
  std::vector<FunctionConstants::Value> constants = {};

  void encode(Encoder& encoder) const;
  /// Every tensor counts whole, by its access.
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry
