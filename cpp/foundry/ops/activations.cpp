#include "foundry/ops/activations.hpp"

namespace foundry::ops {
namespace {

constexpr StageType activation(std::string_view name, std::string_view file,
                               std::uint8_t scalars = 0) {
  return {.kind = StageKind::epilogue, .name = name, .file = file, .scalars = scalars};
}

constexpr StageType kSilu = activation("Silu", "stages/silu.metal");
constexpr StageType kGelu = activation("Gelu", "stages/gelu.metal");
constexpr StageType kGeluErf = activation("GeluErf", "stages/gelu_erf.metal");
constexpr StageType kGeluQuick = activation("GeluQuick", "stages/gelu_quick.metal");
constexpr StageType kSigmoid = activation("Sigmoid", "stages/sigmoid.metal");
constexpr StageType kRelu = activation("Relu", "stages/relu.metal");
constexpr StageType kReluSquared = activation("ReluSquared", "stages/relu_squared.metal");
constexpr StageType kClampedSwiGlu{.kind = StageKind::gating,
                                   .name = "ClampedSwiGlu",
                                   .file = "stages/clamped_swiglu.metal",
                                   .scalars = 1};
constexpr StageType kXielu = activation("Xielu", "stages/xielu.metal", 4);

}  // namespace

Silu::operator Stage() const {
  return {.type = &kSilu};
}
Gelu::operator Stage() const {
  return {.type = &kGelu};
}
GeluErf::operator Stage() const {
  return {.type = &kGeluErf};
}
GeluQuick::operator Stage() const {
  return {.type = &kGeluQuick};
}
Sigmoid::operator Stage() const {
  return {.type = &kSigmoid};
}
Relu::operator Stage() const {
  return {.type = &kRelu};
}
ReluSquared::operator Stage() const {
  return {.type = &kReluSquared};
}
Xielu::operator Stage() const {
  return {.type = &kXielu, .scalars = {alpha_p, alpha_n, beta, epsilon}};
}

ClampedSwiGlu::operator Stage() const {
  return {.type = &kClampedSwiGlu, .scalars = {limit}};
}

}  // namespace foundry::ops
