#include "foundry/ops/gemv_tiled.hpp"

#include "foundry/fusion/policy.hpp"
#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

std::uint64_t tiles_of(std::uint64_t rows) {
  return (rows + kTileRows - 1) / kTileRows;
}

struct TileRecipe {
  DType weights;
  DType y;

  KernelDescription describe() const {
    const Policy& policy = policy_of(weights, "TileWeights");
    auto kernel = kernel_file("tile_weights");
    kernel.arguments = {ArgumentDescription::buffer("weights", Access::read, weights),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<MatrixParams>())};
    kernel.includes = {std::string(policy.file)};
    kernel.aliases = {{"Weights", msl_policy(policy, /*narrow=*/false)}, {"Y", msl_type(y)}};
    return kernel;
  }
};

/// Of a threadgroup: a CPU runs it on one thread, where sharing a tile gains nothing.
std::uint32_t simdgroups_on(const Device& device) {
  return device.traits().has_register_lanes() ? 1 : 8;
}

struct GemvTiledRecipe {
  DType weights;
  DType x;
  DType y;
  std::uint32_t simdgroups;  ///< of a threadgroup

  KernelDescription describe() const {
    auto kernel = kernel_file("gemv_tiled");
    kernel.arguments = {ArgumentDescription::buffer("weights", Access::read, weights),
                        ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<MatrixParams>())};
    kernel.aliases = {{"W", msl_type(weights)},
                      {"Y", msl_type(y)},
                      {"Simdgroups", concat("integral_constant<uint, ", simdgroups, ">")}};
    return kernel;
  }
};

}  // namespace

void TileWeights::encode(Encoder& encoder) const {
  require_operands(*this);
  if (weights.rank() != 2) {
    throw ShapeError(
        concat("TileWeights: weights are ", to_string(weights.extents()), ", not (rows, columns)"));
  }
  const Extents wanted{tiles_of(weights.extents()[0]), weights.extents()[1], kTileRows};
  if (!(y.extents() == wanted)) {
    throw ShapeError(concat("TileWeights: weights are ", to_string(weights.extents()), ", y is ",
                            to_string(y.extents()), ", not ", to_string(wanted)));
  }
  const MatrixParams params{in_32_bits("TileWeights", "the number of rows", weights.extents()[0]),
                            in_32_bits("TileWeights", "the number of columns", wanted[1])};
  const auto kernel = encoder.kernel(TileRecipe{.weights = weights.dtype(), .y = y.dtype()});
  encoder.dispatch(*kernel, {weights, y, Argument::value(params)},
                   threadgroups_of(1, (wanted[1] + kTileRows - 1) / kTileRows, wanted[0]));
}

Traffic TileWeights::traffic() const {
  return traffic_of(*this);
}

void GemvTiled::encode(Encoder& encoder) const {
  require_operands(*this);
  if (weights.rank() != 3 || weights.extents()[2] != kTileRows) {
    throw ShapeError(concat("GemvTiled: weights are ", to_string(weights.extents()),
                            ", not (tiles, columns, ", kTileRows, ")"));
  }
  require_count("GemvTiled", "x", x, weights.extents()[1]);
  if (tiles_of(y.count()) != weights.extents()[0]) {
    throw ShapeError(concat("GemvTiled: y is ", to_string(y.extents()), ", ", tiles_of(y.count()),
                            " tiles; weights are ", to_string(weights.extents())));
  }
  const MatrixParams params{in_32_bits("GemvTiled", "the number of rows", y.count()),
                            in_32_bits("GemvTiled", "the number of columns", x.count())};
  const std::uint32_t simdgroups = simdgroups_on(encoder.device());
  const auto kernel = encoder.kernel(GemvTiledRecipe{
      .weights = weights.dtype(), .x = x.dtype(), .y = y.dtype(), .simdgroups = simdgroups});
  encoder.dispatch(*kernel, {weights, x, y, Argument::value(params)},
                   threadgroups_of(simdgroups, weights.extents()[0]));
}

Traffic GemvTiled::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
