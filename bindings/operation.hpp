// Operation: what Python's Foundry.run() and fuse() take, whatever the C++ type behind it.
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/sources.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::python {

class Operation {
 public:
  virtual ~Operation() = default;
  /// Checks, compiles if need be, and encodes the dispatches.
  virtual void encode(Encoder& encoder) const = 0;
  /// The bytes it has to move; ArgumentError for what is only a stage.
  virtual Traffic traffic() const = 0;
  /// The whole MSL that it would compile on the device; ArgumentError for what is only a stage.
  std::string source(const Device& device) const {
    return sources_of(device, [this](Encoder& encoder) { encode(encoder); });
  }
  /// As a prologue or epilogue of a fused kernel; ArgumentError where it cannot be one.
  virtual Stage stage() const = 0;
  /// As the main part of a fused kernel; ArgumentError where it cannot be one.
  virtual MainStage main() const = 0;
};

/// An op of foundry/ops, or a fused kernel, as it is; `name` is the op's own.
template <class Op>
class OperationOf final : public Operation {
 public:
  static constexpr bool kRuns = requires(const Op& op, Encoder& encoder) { op.encode(encoder); };

 private:
  static constexpr bool kStatesTraffic = requires(const Op& op) {
    { op.traffic() } -> std::same_as<Traffic>;
  };
  static_assert(kRuns == kStatesTraffic, "every operation states the bytes it reads and writes");

 public:
  OperationOf(Op op, const char* name) : op_(std::move(op)), name_(name) {}
  explicit OperationOf(Op op)
    requires ops::Described<Op>
      : OperationOf(std::move(op), ops::kName<Op>) {}

  void encode(Encoder& encoder) const override {
    if constexpr (kRuns) {
      op_.encode(encoder);
    } else {
      throw ArgumentError(concat(name_, " is a stage: it runs as a part of a fused kernel"));
    }
  }
  Traffic traffic() const override {
    if constexpr (kStatesTraffic) {
      return op_.traffic();
    } else {
      throw ArgumentError(concat(name_, " is a stage: the fused kernel states its traffic"));
    }
  }
  Stage stage() const override {
    if constexpr (std::convertible_to<const Op&, Stage>) {
      return op_;
    } else {
      throw ArgumentError(concat(name_, " is neither a prologue nor an epilogue"));
    }
  }
  MainStage main() const override {
    if constexpr (std::convertible_to<const Op&, MainStage>) {
      return op_;
    } else {
      throw ArgumentError(concat(name_, " cannot be the main part of a fused kernel"));
    }
  }
  const char* name() const noexcept { return name_; }
  Op& op() noexcept { return op_; }
  const Op& op() const noexcept { return op_; }

 private:
  Op op_;
  const char* name_;
};

}  // namespace foundry::python
