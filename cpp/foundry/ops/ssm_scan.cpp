#include "foundry/ops/ssm_scan.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr std::string_view kOp = "SsmScan";

struct SsmScanRecipe {
  DType xbc;
  DType dt;
  DType a;
  std::optional<DType> dt_bias;
  std::optional<DType> d;
  std::optional<DType> gate;
  bool has_places;
  std::uint32_t state_rows;

  KernelDescription describe() const {
    auto kernel = kernel_file("ssm_scan");
    const auto optional = [&](const char* name, std::optional<DType> dtype) {
      return ArgumentDescription::optional_buffer(name, Access::read, dtype.value_or(DType::f32),
                                                  dtype.has_value());
    };
    kernel.arguments = {ArgumentDescription::buffer("xbc", Access::read, xbc),
                        ArgumentDescription::buffer("dt", Access::read, dt),
                        ArgumentDescription::buffer("a", Access::read, a),
                        ArgumentDescription::buffer("state", Access::read_write, DType::f32),
                        ArgumentDescription::buffer("y", Access::write, DType::f32),
                        optional("dt_bias", dt_bias),
                        optional("d", d),
                        optional("gate", gate),
                        places_argument(has_places),
                        ArgumentDescription::value("params", struct_layout<SsmScanParams>())};
    for (const std::size_t i : {0, 1, 7}) kernel.arguments[i].strided = true;
    kernel.aliases = {{"Xbc", msl_type(xbc)},
                      {"StateRows", concat("integral_constant<uint, ", state_rows, ">")}};
    return kernel;
  }
};

/// The stride of a tensor's rows, each of so many elements.
std::uint32_t row_stride(const char* what, const AnyTensor& tensor, std::uint64_t tokens,
                         std::uint64_t columns) {
  const Extents wanted{tokens, columns};
  if (tensor.extents() != wanted) {
    throw ShapeError(
        concat(kOp, ": ", what, " is ", to_string(tensor.extents()), ", not ", to_string(wanted)));
  }
  if (tensor.strides()[1] != 1 && columns != 1) {
    throw ShapeError(concat(kOp, ": ", what, " must have its rows contiguous; ", to_string(tensor),
                            " has stride ", tensor.strides()[1]));
  }
  return in_32_bits(kOp, "a stride", tensor.strides()[0]);
}

void require_f32(const char* what, const AnyTensor& tensor) {
  if (tensor.dtype() == DType::f32) return;
  throw DTypeError(concat(kOp, ": ", what, " takes f32, got ", tensor.describe()));
}

/// Heads, rows and columns are the state's; the rest of a row of xbc is B and C.
SsmScanParams shape_of(const SsmScan& op) {
  const Extents& whole = op.state.extents();
  const Extents& xbc = op.xbc.extents();
  const std::size_t first = op.places ? 1 : 0;  // dimension of one sequence's
  if (whole.rank() != first + 3) {
    throw ShapeError(concat(kOp, ": state is ", to_string(whole), ", not (",
                            op.places ? "sequences, " : "", "heads, state_size, head_dim)"));
  }
  const Extents state{whole[first], whole[first + 1], whole[first + 2]};
  if (xbc.rank() != 2) {
    throw ShapeError(concat(kOp, ": xbc is ", to_string(xbc), ", not (tokens, columns)"));
  }
  const std::uint64_t heads = state[0];
  const std::uint64_t inner = heads * state[2];
  const std::uint64_t of_group = 2 * state[1];
  const std::uint64_t groups = xbc[1] > inner ? (xbc[1] - inner) / of_group : 0;
  if (groups == 0 || inner + groups * of_group != xbc[1] || heads % groups != 0) {
    throw ShapeError(concat(kOp, ": xbc is ", to_string(xbc), ", state ", to_string(state),
                            ": columns are ", inner, " and ", of_group,
                            " for each group of heads, whose number divides ", heads));
  }
  static_cast<void>(in_32_bits(kOp, "the number of elements of the state", op.state.count()));
  return {.tokens = in_32_bits(kOp, "the number of tokens", xbc[0]),
          .heads = static_cast<std::uint32_t>(heads),
          .head_dim = static_cast<std::uint32_t>(state[2]),
          .state_size = static_cast<std::uint32_t>(state[1]),
          .heads_of_group = static_cast<std::uint32_t>(heads / groups),
          .start = op.start.value(),
          .xbc_stride = row_stride("xbc", op.xbc, xbc[0], xbc[1]),
          .dt_stride = row_stride("dt", op.dt, xbc[0], heads),
          .gate_stride = op.gate ? row_stride("gate", op.gate, xbc[0], inner) : 0};
}

/// The most rows that a lane keeps and that divide all.
std::uint32_t rows_at_once(std::uint32_t state_size) {
  std::uint32_t rows = std::min(kMostStateRows, state_size);
  while (state_size % rows != 0) --rows;
  return rows;
}

}  // namespace

void SsmScan::encode(Encoder& encoder) const {
  require_operands(*this);
  const SsmScanParams params = shape_of(*this);
  require_f32("state", state);
  require_f32("y", y);
  require_count(kOp, "y", y, std::uint64_t{params.tokens} * params.heads * params.head_dim);
  require_count(kOp, "a", a, params.heads);
  if (dt_bias) require_count(kOp, "dt_bias", dt_bias, params.heads);
  if (d) require_count(kOp, "d", d, params.heads);
  if (places) require_places(kOp, places, params.tokens, start);
  const auto kernel = encoder.kernel(SsmScanRecipe{.xbc = xbc.dtype(),
                                                   .dt = dt.dtype(),
                                                   .a = a.dtype(),
                                                   .dt_bias = dtype_if_any(dt_bias),
                                                   .d = dtype_if_any(d),
                                                   .gate = dtype_if_any(gate),
                                                   .has_places = static_cast<bool>(places),
                                                   .state_rows = rows_at_once(params.state_size)});
  const std::array uses{parameter_use(offsetof(SsmScanParams, start), start)};
  encoder.dispatch(*kernel,
                   {xbc, dt, a, state, y, dt_bias, d, gate, places, Argument::value(params, uses)},
                   covering(params.head_dim, params.heads, places ? params.tokens : 1));
}

Traffic SsmScan::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
