#include "foundry/ops/causal_conv.hpp"

#include <array>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr std::string_view kConvName = "CausalConv";

struct CausalConvRecipe {
  DType x;
  DType weights;
  DType y;
  std::optional<DType> bias;
  std::optional<DType> input_gate;
  std::optional<DType> output_gate;
  bool has_places;
  std::uint32_t taps;

  KernelDescription describe() const {
    auto kernel = kernel_file("causal_conv");
    const auto optional = [&](const char* name, std::optional<DType> dtype) {
      return ArgumentDescription::optional_buffer(name, Access::read, dtype.value_or(DType::f32),
                                                  dtype.has_value());
    };
    kernel.arguments = {ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("weights", Access::read, weights),
                        ArgumentDescription::buffer("state", Access::read_write, DType::f32),
                        ArgumentDescription::buffer("y", Access::write, y),
                        optional("bias", bias),
                        optional("input_gate", input_gate),
                        optional("output_gate", output_gate),
                        places_argument(has_places),
                        ArgumentDescription::value("params", struct_layout<CausalConvParams>())};
    for (const std::size_t i : {0, 3, 5, 6}) kernel.arguments[i].strided = true;
    kernel.aliases = {{"Y", msl_type(y)}, {"Taps", concat("integral_constant<uint, ", taps, ">")}};
    return kernel;
  }
};

/// Of the rows of a (tokens, channels) tensor; x's shape where it has one to go by.
std::uint32_t row_stride(const char* what, const AnyTensor& tensor, const AnyTensor& x) {
  const Extents& extents = tensor.extents();
  if (extents.rank() != 2) {
    throw ShapeError(
        concat(kConvName, ": ", what, " is ", to_string(extents), ", not (tokens, channels)"));
  }
  if (extents != x.extents()) {
    throw ShapeError(concat(kConvName, ": ", what, " is ", to_string(extents), ", x is ",
                            to_string(x.extents())));
  }
  if (tensor.strides()[1] != 1 && extents[1] != 1) {
    throw ShapeError(concat(kConvName, ": ", what, " must have its channels contiguous; ",
                            to_string(tensor), " has stride ", tensor.strides()[1]));
  }
  return in_32_bits(kConvName, "a stride", tensor.strides()[0]);
}

std::uint32_t taps_of(const CausalConv& op, std::uint64_t channels) {
  const Extents& extents = op.weights.extents();
  if (extents.rank() != 2 || extents[0] != channels || extents[1] < 2 ||
      extents[1] > kMostConvTaps) {
    throw ShapeError(concat(kConvName, ": weights are ", to_string(extents), ", not (", channels,
                            ", taps) with 2 to ", kMostConvTaps, " taps"));
  }
  const Extents wanted = state_extents(op.places, op.state, {extents[1] - 1, channels});
  if (op.state.extents() != wanted) {
    throw ShapeError(concat(kConvName, ": state is ", to_string(op.state.extents()), ", not ",
                            to_string(wanted)));
  }
  if (op.state.dtype() != DType::f32) {
    throw DTypeError(concat(kConvName, ": state takes f32, got ", op.state.describe()));
  }
  return static_cast<std::uint32_t>(extents[1]);
}

}  // namespace

void CausalConv::encode(Encoder& encoder) const {
  require_operands(*this);
  const std::uint32_t x_stride = row_stride("x", x, x);
  const std::uint32_t channels = in_32_bits(kConvName, "the number of channels", x.extents()[1]);
  const std::uint32_t taps = taps_of(*this, channels);
  if (bias) require_count(kConvName, "bias", bias, channels);
  const CausalConvParams params{in_32_bits(kConvName, "the number of tokens", x.extents()[0]),
                                channels,
                                start.value(),
                                silu ? 1u : 0u,
                                x_stride,
                                row_stride("y", y, x),
                                input_gate ? row_stride("input_gate", input_gate, x) : 0,
                                output_gate ? row_stride("output_gate", output_gate, x) : 0};
  if (places) require_places(kConvName, places, params.tokens, start);
  const auto kernel = encoder.kernel(CausalConvRecipe{.x = x.dtype(),
                                                      .weights = weights.dtype(),
                                                      .y = y.dtype(),
                                                      .bias = dtype_if_any(bias),
                                                      .input_gate = dtype_if_any(input_gate),
                                                      .output_gate = dtype_if_any(output_gate),
                                                      .has_places = static_cast<bool>(places),
                                                      .taps = taps});
  const std::array uses{parameter_use(offsetof(CausalConvParams, start), start)};
  encoder.dispatch(
      *kernel,
      {x, weights, state, y, bias, input_gate, output_gate, places, Argument::value(params, uses)},
      covering(channels, places ? params.tokens : 1));
}

Traffic CausalConv::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
