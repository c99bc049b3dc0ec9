#include "foundry/ops/embedding.hpp"

#include "foundry/fusion/policy.hpp"
#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

KernelDescription describe(const Embedding& op) {
  const Policy& policy = policy_of(op.table.dtype(), "Embedding");
  auto kernel = kernel_file("embedding");
  kernel.arguments = {ArgumentDescription::buffer("table", Access::read, op.table.dtype()),
                      ArgumentDescription::buffer("ids", Access::read, op.ids.dtype()),
                      ArgumentDescription::buffer("y", Access::write, op.y.dtype()),
                      ArgumentDescription::value("params", struct_layout<EmbeddingParams>())};
  kernel.includes = {std::string(policy.file)};
  kernel.aliases = {{"Weights", msl_policy(policy, /*narrow=*/false)},
                    {"Y", msl_type(op.y.dtype())}};
  return kernel;
}

}  // namespace

void Embedding::encode(Encoder& encoder) const {
  static const char family = 0;
  require_present("Embedding", "table", table);
  static_cast<void>(policy_of(table.dtype(), "Embedding"));
  require_index("Embedding", "ids", ids);
  require_float("Embedding", "y", y);
  if (table.rank() != 2) {
    throw ShapeError(
        concat("Embedding: table is ", to_string(table.extents()), ", not (rows, columns)"));
  }
  const EmbeddingParams params{in_32_bits("Embedding", "the table's rows", table.extents()[0]),
                               in_32_bits("Embedding", "the table's columns", table.extents()[1])};
  require_count("Embedding", "y", y, ids.count() * params.columns);
  const auto kernel =
      encoder.kernel(KernelKey(&family, {word(table.dtype()), word(ids.dtype()), word(y.dtype())}),
                     [&] { return describe(*this); });
  encoder.dispatch(*kernel, {table, ids, y, Argument::value(params)},
                   covering(params.columns, ids.count()));
}

Traffic Embedding::traffic() const {
  const std::uint64_t row = bytes_of(table) / table.extent(0);
  return traffic_of({&ids}, {&y}) + Traffic{ids.count() * row, 0};
}

}  // namespace foundry::ops
