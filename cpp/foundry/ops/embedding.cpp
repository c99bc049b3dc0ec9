#include "foundry/ops/embedding.hpp"

#include <cstddef>
#include <vector>

#include "foundry/fusion/policy.hpp"
#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

struct EmbeddingRecipe {
  DType table;
  DType ids;
  DType y;
  std::optional<DType> positions;
  std::optional<DType> offset;
  bool scaled;
  bool has_places;

  KernelDescription describe() const {
    const Policy& policy = policy_of(table, "Embedding");
    auto kernel = kernel_file("embedding");
    kernel.arguments = {
        ArgumentDescription::buffer("table", Access::read, table),
        ArgumentDescription::buffer("ids", Access::read, ids),
        ArgumentDescription::buffer("y", Access::write, y),
        ArgumentDescription::optional_buffer("positions", Access::read,
                                             positions.value_or(DType::f32), positions.has_value()),
        ArgumentDescription::optional_buffer("offset", Access::read, offset.value_or(DType::f32),
                                             offset.has_value()),
        places_argument(has_places),
        ArgumentDescription::value("params", struct_layout<EmbeddingParams>())};
    kernel.includes = {std::string(policy.file)};
    kernel.aliases = {{"Weights", msl_policy(policy, /*narrow=*/false)}, {"Y", msl_type(y)}};
    kernel.constants = {{"scaled", scaled}};
    return kernel;
  }
};

void require_positions(const Embedding& op, std::uint32_t columns) {
  if (op.positions.rank() != 2 || op.positions.extent(1) != columns) {
    throw ShapeError(concat("Embedding: positions is ", to_string(op.positions.extents()),
                            ", not (", "positions, ", columns, ")"));
  }
  if (op.places) return require_places("Embedding", op.places, op.ids.count(), op.start);
  const std::uint64_t end = op.start.value() + op.ids.count();
  if (end > op.positions.extent(0)) {
    throw ShapeError(concat("Embedding: positions ", op.start.value(), " to ", end - 1,
                            ", the table of positions has ", op.positions.extent(0)));
  }
}

}  // namespace

void Embedding::encode(Encoder& encoder) const {
  require_operands(*this);
  if (table.rank() != 2) {
    throw ShapeError(
        concat("Embedding: table is ", to_string(table.extents()), ", not (rows, columns)"));
  }
  const EmbeddingParams params{in_32_bits("Embedding", "the table's rows", table.extents()[0]),
                               in_32_bits("Embedding", "the table's columns", table.extents()[1]),
                               start.value(), scale};
  if (positions) require_positions(*this, params.columns);
  if (offset) require_count("Embedding", "offset", offset, params.columns);
  require_count("Embedding", "y", y, ids.count() * params.columns);
  const bool has_places = positions && places;
  const auto kernel = encoder.kernel(EmbeddingRecipe{.table = table.dtype(),
                                                     .ids = ids.dtype(),
                                                     .y = y.dtype(),
                                                     .positions = dtype_if_any(positions),
                                                     .offset = dtype_if_any(offset),
                                                     .scaled = scale != 1.0f,
                                                     .has_places = has_places});
  std::vector<ParameterUse> uses;
  if (positions && !places) {
    uses = {position_use(offsetof(EmbeddingParams, start), start, positions, ids.count())};
  }
  const AnyTensor none;
  encoder.dispatch(
      *kernel,
      {table, ids, y, positions, offset, has_places ? places : none, Argument::value(params, uses)},
      covering(params.columns, ids.count()));
}

Traffic Embedding::traffic() const {
  const std::uint64_t row = bytes_of(table) / table.extent(0);
  const std::uint64_t position = positions ? bytes_of(positions) / positions.extent(0) : 0;
  return traffic_of({&ids, &offset}, {&y}) + Traffic{ids.count() * (row + position), 0};
}

}  // namespace foundry::ops
