// FusedKernelBuilder: builds a fused kernel from stages: prologue -> main -> epilogues, several
// mains.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/fusion/fused_kernel.hpp"
#include "foundry/fusion/stage.hpp"

namespace foundry {

/// What Gemv, Gemm, Linear, GatedLinear and Attention convert to.
struct MainStage {
  std::string_view name;  ///< in messages: "Gemv"
  Product product = {};   ///< its weights, and gate
  LinearOptions options = {};
  /// Why this main stands alone; empty if other stages may join it.
  std::string_view alone = {};
};

/// Stages in the order prologue, main, epilogues; a further main(), with its own epilogues, shares
/// prologue and input. Any prologue goes with any product and any epilogues; what does not fit is
/// refused when it is added, ArgumentError with the reason:
///   "fused kernel mlp_in: Bias is an epilogue and cannot be the prologue"
///   "fused kernel a: Attention cannot be fused: its result is mixed over positions, not per row"
class [[nodiscard]] FusedKernelBuilder {
 public:
  explicit FusedKernelBuilder(std::string_view name);

  FusedKernelBuilder& prologue(Stage stage);
  FusedKernelBuilder& main(MainStage stage);
  FusedKernelBuilder& epilogue(Stage stage);

  [[nodiscard]] const std::string& name() const noexcept { return *kernel_.name; }

  /// The kernel with its input and one output per main, ready for Foundry::run(); `start` is the
  /// position of the first token, for Rope and CacheWrite. ArgumentError if there is no main or the
  /// number of outputs differs.
  [[nodiscard]] FusedKernel build(AnyTensor x, AnyTensor y,
                                  const Scalar<std::uint32_t>& start = 0) const {
    return build(std::move(x), std::vector<AnyTensor>{std::move(y)}, start);
  }
  [[nodiscard]] FusedKernel build(AnyTensor x, std::vector<AnyTensor> y,
                                  const Scalar<std::uint32_t>& start = 0) const;

  /// "mlp: RmsNorm -> w (256, 64) q4_0 -> Bias", as far as it is built.
  friend std::string to_string(const FusedKernelBuilder& kernel) {
    return to_string(kernel.kernel_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const;
  FusedKernel kernel_;
};

}  // namespace foundry
