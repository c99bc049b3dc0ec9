#include "foundry/ops/copy.hpp"

#include <algorithm>

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr std::uint32_t kRowSimdgroups = 8;     // of a threadgroup
constexpr std::uint32_t kRowsOfSimdgroup = 16;  // copy_strided.metal's kRows
constexpr std::uint32_t kShortRow = 16;         // shorter rows are taken element by element

KernelDescription describe_copy(const char* name, DType x, DType y, const StructLayout& params) {
  auto kernel = kernel_file(name);
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, x),
                      ArgumentDescription::buffer("y", Access::write, y),
                      ArgumentDescription::value("params", params)};
  allow_in_place<Copy>(kernel);
  kernel.arguments[0].strided = kernel.arguments[1].strided = true;
  kernel.aliases = {{"X", msl_type(x)},
                    {"Y", msl_type(y)},
                    {"Via", is_float(x) || is_float(y) ? "float" : msl_type(x)}};
  return kernel;
}

struct CopyRecipe {
  DType x;
  DType y;

  KernelDescription describe() const {
    return describe_copy("copy", x, y, struct_layout<CopyParams>());
  }
};

struct StridedRecipe {
  DType x;
  DType y;
  bool by_row;
  bool x_unit;  ///< of stride 1
  bool y_unit;

  KernelDescription describe() const {
    auto kernel = describe_copy("copy_strided", x, y, struct_layout<CopyStridedParams>());
    kernel.constants = {{"by_row", by_row}, {"x_unit", x_unit}, {"y_unit", y_unit}};
    return kernel;
  }
};

/// Bytes that blocks of the dtype are taken in: what they are aligned to.
std::uint32_t unit_of(DType dtype) {
  return info(dtype).alignment;
}

struct BlocksRecipe {
  DType dtype;

  KernelDescription describe() const {
    auto kernel = describe_copy("copy_blocks", dtype, dtype, struct_layout<CopyParams>());
    const std::uint32_t unit = unit_of(dtype);
    kernel.aliases = {{"Unit", unit == 4 ? "uint" : unit == 2 ? "ushort" : "uchar"}};
    return kernel;
  }
};

void encode_blocks(const Copy& op, Encoder& encoder) {
  require_count("Copy", "x", op.x, op.y.count());
  if (!op.x.is_contiguous() || !op.y.is_contiguous()) {
    throw ShapeError(concat("Copy: x is ", to_string(op.x), ", y is ", to_string(op.y),
                            ": blocks are copied without gaps"));
  }
  const std::uint64_t units = op.y.byte_length() / unit_of(op.y.dtype());
  const CopyParams params{in_32_bits("Copy", "the number of blocks' units", units)};
  const auto kernel = encoder.kernel(BlocksRecipe{.dtype = op.y.dtype()});
  encoder.dispatch(*kernel, {op.x, op.y, Argument::value(params)}, element_runs(params.count));
}

/// The shape with dimensions of extent 1 dropped, and those merged that lie behind each other in
/// both tensors.
CopyStridedParams merged(const Copy& op) {
  CopyStridedParams params{static_cast<std::uint32_t>(op.y.count()), 0, {}, {}, {}};
  for (std::size_t axis = 0; axis < op.y.rank(); ++axis) {
    const std::uint32_t extent = in_32_bits("Copy", "an extent", op.y.extents()[axis]);
    const std::uint32_t x_stride = in_32_bits("Copy", "x's stride", op.x.strides()[axis]);
    const std::uint32_t y_stride = in_32_bits("Copy", "y's stride", op.y.strides()[axis]);
    if (extent == 1) continue;
    const std::uint32_t last = params.rank - 1;
    if (params.rank > 0 && params.x_strides.at(last) == std::uint64_t{x_stride} * extent &&
        params.y_strides.at(last) == std::uint64_t{y_stride} * extent) {
      params.extents.at(last) *= extent;
      params.x_strides.at(last) = x_stride;
      params.y_strides.at(last) = y_stride;
      continue;
    }
    params.extents.at(params.rank) = extent;
    params.x_strides.at(params.rank) = x_stride;
    params.y_strides.at(params.rank) = y_stride;
    ++params.rank;
  }
  if (params.rank == 0) {
    params.extents[0] = params.x_strides[0] = params.y_strides[0] = 1;
    params.rank = 1;
  }
  return params;
}

void encode_strided(const Copy& op, Encoder& encoder) {
  if (!(op.x.extents() == op.y.extents())) {
    throw ShapeError(concat("Copy: x is ", to_string(op.x.extents()), ", y is ",
                            to_string(op.y.extents()), ": with gaps in one they must be equal"));
  }
  const CopyStridedParams params = merged(op);
  const std::uint32_t inner = params.rank - 1;
  const std::uint64_t columns = params.extents.at(inner);
  const bool by_row = columns >= kShortRow;
  const auto kernel = encoder.kernel(StridedRecipe{.x = op.x.dtype(),
                                                   .y = op.y.dtype(),
                                                   .by_row = by_row,
                                                   .x_unit = params.x_strides.at(inner) == 1,
                                                   .y_unit = params.y_strides.at(inner) == 1});
  const std::uint64_t block = std::uint64_t{kRowSimdgroups} * kRowsOfSimdgroup;
  const DispatchConfig config =
      by_row ? threadgroups_of(kRowSimdgroups, (params.count / columns + block - 1) / block)
             : element_runs(params.count);
  encoder.dispatch(*kernel, {op.x, op.y, Argument::value(params)}, config);
}

}  // namespace

void Copy::encode(Encoder& encoder) const {
  if (x && y && is_block(x.dtype()) && x.dtype() == y.dtype()) return encode_blocks(*this, encoder);
  require_operands(*this);
  require_count("Copy", "x", x, y.count());
  const CopyParams params{in_32_bits("Copy", "the number of elements", y.count())};
  if (!x.is_contiguous() || !y.is_contiguous()) {
    encode_strided(*this, encoder);
    return;
  }
  const auto kernel = encoder.kernel(CopyRecipe{.x = x.dtype(), .y = y.dtype()});
  encoder.dispatch(*kernel, {x, y, Argument::value(params)}, element_runs(params.count));
}

Traffic Copy::traffic() const {
  Traffic traffic = traffic_of(*this);
  traffic.reads = std::min(traffic.reads, x.byte_length());  // what is broadcast counts once
  return traffic;
}

}  // namespace foundry::ops
