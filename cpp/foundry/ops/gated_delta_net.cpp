#include "foundry/ops/gated_delta_net.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr std::string_view kDeltaName = "GatedDeltaNet";
constexpr std::uint32_t kRowsOfGpuLane = 16;   // of the state, in a lane's registers
constexpr std::uint32_t kSimdgroupsOnGpu = 4;  // of a threadgroup

struct GatedDeltaNetRecipe {
  DType x;
  DType decay;
  DType beta;
  DType y;
  std::optional<DType> decay_scale;
  std::optional<DType> decay_bias;
  bool has_places;
  std::uint32_t keys;
  std::uint32_t lanes;

  KernelDescription describe() const {
    auto kernel = kernel_file("gated_delta_net");
    kernel.arguments = {
        ArgumentDescription::buffer("q", Access::read, x),
        ArgumentDescription::buffer("k", Access::read, x),
        ArgumentDescription::buffer("v", Access::read, x),
        ArgumentDescription::buffer("decay", Access::read, decay),
        ArgumentDescription::buffer("beta", Access::read, beta),
        ArgumentDescription::buffer("state", Access::read_write, DType::f32),
        ArgumentDescription::buffer("y", Access::write, y),
        ArgumentDescription::optional_buffer(
            "decay_scale", Access::read, decay_scale.value_or(DType::f32), decay_scale.has_value()),
        ArgumentDescription::optional_buffer(
            "decay_bias", Access::read, decay_bias.value_or(DType::f32), decay_bias.has_value()),
        places_argument(has_places),
        ArgumentDescription::value("params", struct_layout<GatedDeltaNetParams>())};
    for (std::size_t i = 0; i < 5; ++i) kernel.arguments[i].strided = true;
    kernel.aliases = {{"X", msl_type(x)},
                      {"Decay", msl_type(decay)},
                      {"Beta", msl_type(beta)},
                      {"Y", msl_type(y)},
                      {"Keys", concat("integral_constant<uint, ", keys, ">")},
                      {"Lanes", concat("integral_constant<uint, ", lanes, ">")}};
    return kernel;
  }
};

/// (tokens, heads, elements). Strides in elements.
struct Shape {
  std::uint32_t tokens;
  std::uint32_t heads;
  std::uint32_t elements;
  std::uint32_t token_stride;
  std::uint32_t head_stride;
};

void require_contiguous_rows(const char* what, const AnyTensor& tensor) {
  const std::size_t last = tensor.rank() - 1;
  if (tensor.strides()[last] == 1 || tensor.extents()[last] == 1) return;
  throw ShapeError(concat(kDeltaName, ": ", what, " must have its innermost dimension contiguous; ",
                          to_string(tensor), " has stride ", tensor.strides()[last]));
}

std::uint32_t stride_of(const AnyTensor& tensor, std::size_t dimension) {
  return in_32_bits(kDeltaName, "a stride", tensor.strides()[dimension]);
}

Shape shape_of(const char* what, const AnyTensor& tensor) {
  const Extents& extents = tensor.extents();
  if (extents.rank() != 3) {
    throw ShapeError(concat(kDeltaName, ": ", what, " is ", to_string(extents),
                            ", not (tokens, heads, elements)"));
  }
  require_contiguous_rows(what, tensor);
  return {in_32_bits(kDeltaName, "the number of tokens", extents[0]),
          in_32_bits(kDeltaName, "the number of heads", extents[1]),
          in_32_bits(kDeltaName, "the elements of a head", extents[2]), stride_of(tensor, 0),
          stride_of(tensor, 1)};
}

/// A number for each head of each token, in groups of neighbours.
struct GateShape {
  std::uint32_t token_stride;
  std::uint32_t group_stride;
  std::uint32_t group;
};

GateShape gate_of(const char* what, const AnyTensor& tensor, const Shape& v) {
  const Extents& extents = tensor.extents();
  const std::size_t rank = extents.rank();
  const bool fits = (rank == 2 || rank == 3) && extents[0] == v.tokens &&
                    tensor.count() == std::uint64_t{v.tokens} * v.heads;
  if (!fits) {
    throw ShapeError(concat(kDeltaName, ": ", what, " is ", to_string(extents), ", not (", v.tokens,
                            ", ", v.heads, ") or (", v.tokens, ", groups, heads of a group)"));
  }
  require_contiguous_rows(what, tensor);
  return {stride_of(tensor, 0), rank == 3 ? stride_of(tensor, 1) : 0,
          static_cast<std::uint32_t>(extents[rank - 1])};
}

void require_shape(const char* what, const AnyTensor& tensor, const Extents& wanted) {
  if (tensor.extents() == wanted) return;
  throw ShapeError(concat(kDeltaName, ": ", what, " is ", to_string(tensor.extents()), ", not ",
                          to_string(wanted)));
}

void check(const GatedDeltaNet& op, const Shape& q, const Shape& v) {
  if (q.elements > kMostDeltaKeys) {
    throw ShapeError(concat(kDeltaName, ": keys of ", q.elements, " elements, up to ",
                            kMostDeltaKeys, " are possible"));
  }
  if (v.heads % q.heads != 0) {
    throw ShapeError(
        concat(kDeltaName, ": v has ", v.heads, " heads, not a multiple of q's ", q.heads));
  }
  require_shape("k", op.k, {q.tokens, q.heads, q.elements});
  require_shape("v", op.v, {q.tokens, v.heads, v.elements});
  require_shape("state", op.state,
                state_extents(op.places, op.state, {v.heads, q.elements, v.elements}));
  require_count(kDeltaName, "y", op.y, op.v.count());
  static_cast<void>(in_32_bits(kDeltaName, "the number of elements of y", op.y.count()));
  if (op.decay_scale) require_count(kDeltaName, "decay_scale", op.decay_scale, v.heads);
  if (op.decay_bias) require_count(kDeltaName, "decay_bias", op.decay_bias, v.heads);
  if (op.state.dtype() != DType::f32) {
    throw DTypeError(concat(kDeltaName, ": state takes f32, got ", op.state.describe()));
  }
  for (const AnyTensor* tensor : {&op.k, &op.v}) {
    if (tensor->dtype() == op.q.dtype()) continue;
    throw DTypeError(concat(kDeltaName, ": q is ", name_of(op.q.dtype()),
                            ", k and v have to be, too; got ", tensor->describe()));
  }
  if (op.lanes > kSimdWidth || (op.lanes != 0 && !std::has_single_bit(op.lanes))) {
    throw ArgumentError(concat(kDeltaName, ": ", op.lanes,
                               " lanes to a column; a power of two up to 32, or 0, is possible"));
  }
}

/// On a GPU as many lanes as keep a column in registers; on a CPU one, so that no sum crosses
/// lanes.
std::uint32_t lanes_of(const GatedDeltaNet& op, const DeviceTraits& device, std::uint32_t keys) {
  if (op.lanes != 0) return op.lanes;
  if (!device.has_gpu_lanes()) return 1;
  return std::bit_ceil((keys + kRowsOfGpuLane - 1) / kRowsOfGpuLane);
}

}  // namespace

void GatedDeltaNet::encode(Encoder& encoder) const {
  require_operands(*this);
  const Shape q_shape = shape_of("q", q);
  const Shape k_shape = shape_of("k", k);
  const Shape v_shape = shape_of("v", v);
  check(*this, q_shape, v_shape);
  const GateShape decays = gate_of("decay", decay, v_shape);
  const GateShape betas = gate_of("beta", beta, v_shape);
  const std::uint32_t keys = q_shape.elements;
  const GatedDeltaNetParams params{
      places ? 1u : q_shape.tokens,
      v_shape.heads,
      q_shape.heads,
      v_shape.elements,
      tiled ? 1u : 0u,
      start.value(),
      q_shape.token_stride,
      q_shape.head_stride,
      k_shape.token_stride,
      k_shape.head_stride,
      v_shape.token_stride,
      v_shape.head_stride,
      decays.token_stride,
      decays.group_stride,
      decays.group,
      betas.token_stride,
      betas.group_stride,
      betas.group,
      scale != 0.0f ? scale : 1.0f / std::sqrt(static_cast<float>(keys)),
      epsilon};
  const DeviceTraits& traits = encoder.device().traits();
  const std::uint32_t lanes_of_column = lanes_of(*this, traits, keys);
  if (places) require_places(kDeltaName, places, q_shape.tokens, start);
  const auto kernel = encoder.kernel(GatedDeltaNetRecipe{.x = q.dtype(),
                                                         .decay = decay.dtype(),
                                                         .beta = beta.dtype(),
                                                         .y = y.dtype(),
                                                         .decay_scale = dtype_if_any(decay_scale),
                                                         .decay_bias = dtype_if_any(decay_bias),
                                                         .has_places = static_cast<bool>(places),
                                                         .keys = keys,
                                                         .lanes = lanes_of_column});
  const std::uint32_t simdgroups = traits.has_gpu_lanes() ? kSimdgroupsOnGpu : 1;
  const std::uint32_t columns = kSimdWidth / lanes_of_column * simdgroups;
  const std::array uses{parameter_use(offsetof(GatedDeltaNetParams, start), start)};
  encoder.dispatch(*kernel,
                   {q, k, v, decay, beta, state, y, decay_scale, decay_bias, places,
                    Argument::value(params, uses)},
                   threadgroups_of(simdgroups, (v_shape.elements + columns - 1) / columns,
                                   v_shape.heads, places ? q_shape.tokens : 1));
}

Traffic GatedDeltaNet::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
