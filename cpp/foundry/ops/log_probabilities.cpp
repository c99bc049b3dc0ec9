#include "foundry/ops/log_probabilities.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

constexpr std::uint64_t kLongestRow = 1u << 24;  // counts are kept in floats, exact up to here
constexpr std::uint64_t kMostTop = 1024;         // threadgroup memory holds them

struct LogProbabilitiesRecipe {
  DType logits;
  DType token;
  bool has_ids;

  KernelDescription describe() const {
    auto kernel = kernel_file("log_probabilities");
    kernel.arguments = {
        ArgumentDescription::buffer("logits", Access::read, logits),
        ArgumentDescription::buffer("token", Access::read, token),
        ArgumentDescription::buffer("chosen", Access::write, DType::f32),
        ArgumentDescription::optional_buffer("ids", Access::write, token, has_ids),
        ArgumentDescription::optional_buffer("values", Access::write, DType::f32, has_ids),
        ArgumentDescription::value("params", struct_layout<LogProbabilitiesParams>())};
    kernel.aliases = {{"Logit", msl_type(logits)}, {"Token", msl_type(token)}};
    return kernel;
  }
};

void check(const LogProbabilities& op, std::uint64_t columns, std::uint64_t rows) {
  require_count("LogProbabilities", "token", op.token, rows);
  const std::uint64_t capacity = op.chosen.count();
  if (columns > kLongestRow) {
    throw ShapeError(
        concat("LogProbabilities: ", columns, " logits, up to ", kLongestRow, " are possible"));
  }
  if (capacity < rows) {
    throw ShapeError(concat("LogProbabilities: chosen is ", to_string(op.chosen.extents()), ", ",
                            rows, " rows take as many at least"));
  }
  if (static_cast<bool>(op.ids) != static_cast<bool>(op.values)) {
    throw ArgumentError(
        concat("LogProbabilities: ", op.ids ? "values" : "ids", " is missing: they go together"));
  }
  if (!op.ids) return;
  require_count("LogProbabilities", "values", op.values, op.ids.count());
  const std::uint64_t top = op.ids.extents().inner();
  require_count("LogProbabilities", "ids", op.ids, capacity * top);
  if (top > columns || top > kMostTop) {
    throw ShapeError(concat("LogProbabilities: the ", top, " likeliest of ", columns,
                            ", all of them or ", kMostTop, " at most are possible"));
  }
}

}  // namespace

void LogProbabilities::encode(Encoder& encoder) const {
  require_operands(*this);
  const std::uint64_t columns = logits.extents().inner();
  const std::uint64_t rows = logits.count() / columns;
  check(*this, columns, rows);
  const LogProbabilitiesParams params{
      static_cast<std::uint32_t>(columns),
      ids ? static_cast<std::uint32_t>(ids.extents().inner()) : 0,
      in_32_bits("LogProbabilities", "the results' capacity", chosen.count()), position.value()};
  const auto kernel = encoder.kernel(LogProbabilitiesRecipe{
      .logits = logits.dtype(), .token = token.dtype(), .has_ids = static_cast<bool>(ids)});
  const std::uint64_t simdgroups =
      std::min<std::uint64_t>(kMaxSimdgroups, (columns + kSimdWidth - 1) / kSimdWidth);
  const std::array uses{parameter_use(offsetof(LogProbabilitiesParams, position), position)};
  encoder.dispatch(*kernel, {logits, token, chosen, ids, values, Argument::value(params, uses)},
                   threadgroups_of(simdgroups, rows));
}

Traffic LogProbabilities::traffic() const {
  // One row of the results for each of the logits.
  const std::uint64_t rows = logits.count() / logits.extents().inner();
  const auto written = [&](const AnyTensor& ring) {
    return ring ? bytes_of(ring) / chosen.count() * rows : 0;
  };
  return traffic_of({&logits, &token}, {}) +
         Traffic{0, written(chosen) + written(ids) + written(values)};
}

}  // namespace foundry::ops
