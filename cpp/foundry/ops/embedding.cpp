#include "foundry/ops/embedding.hpp"

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

  KernelDescription describe() const {
    const Policy& policy = policy_of(table, "Embedding");
    auto kernel = kernel_file("embedding");
    kernel.arguments = {ArgumentDescription::buffer("table", Access::read, table),
                        ArgumentDescription::buffer("ids", Access::read, ids),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<EmbeddingParams>())};
    kernel.includes = {std::string(policy.file)};
    kernel.aliases = {{"Weights", msl_policy(policy, /*narrow=*/false)}, {"Y", msl_type(y)}};
    return kernel;
  }
};

}  // namespace

void Embedding::encode(Encoder& encoder) const {
  require_operands(*this);
  if (table.rank() != 2) {
    throw ShapeError(
        concat("Embedding: table is ", to_string(table.extents()), ", not (rows, columns)"));
  }
  const EmbeddingParams params{in_32_bits("Embedding", "the table's rows", table.extents()[0]),
                               in_32_bits("Embedding", "the table's columns", table.extents()[1])};
  require_count("Embedding", "y", y, ids.count() * params.columns);
  const auto kernel =
      encoder.kernel(EmbeddingRecipe{.table = table.dtype(), .ids = ids.dtype(), .y = y.dtype()});
  encoder.dispatch(*kernel, {table, ids, y, Argument::value(params)},
                   covering(params.columns, ids.count()));
}

Traffic Embedding::traffic() const {
  const std::uint64_t row = bytes_of(table) / table.extent(0);
  return traffic_of({&ids}, {&y}) + Traffic{ids.count() * row, 0};
}

}  // namespace foundry::ops
