#include "foundry/ops/expert_linear.hpp"

#include "foundry/ops/checks.hpp"
#include "foundry/ops/epilogues.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

/// Has the routing that its kernel lends.
struct LinearParts {
  ExpertRouting experts;
  LentFusedKernel kernel;

  LinearParts(const ExpertLinear& op, const ExpertRouting& routing, const AnyTensor& y,
              std::span<const Stage> epilogues)
      : experts(routing) {
    static const std::string& name = intern("expert_linear");
    kernel = {.name = &name,
              .label = "ExpertLinear",
              .x = &op.x,
              .prologue = pointer_to(op.prologue),
              .options = {.form = op.form},
              .experts = &experts};
    kernel.products.push_back(
        {.weights = &op.weights, .y = &y, .epilogues = epilogues, .up_bias = &op.bias});
  }
  LinearParts(const LinearParts&) = delete;
  LinearParts& operator=(const LinearParts&) = delete;
};

const AnyTensor* if_any(const AnyTensor& tensor) {
  return tensor ? &tensor : nullptr;
}

ExpertRouting routing_of(const ExpertLinear& op) {
  return {.ids = &op.ids, .shares = if_any(op.shares), .groups = if_any(op.groups)};
}

bool sums_groups(const ExpertLinear& op) {
  return op.shares && op.groups;
}

struct SumRecipe {
  DType y;
  std::optional<DType> residual;

  KernelDescription describe() const {
    auto kernel = kernel_file("sum_experts");
    kernel.arguments = {
        ArgumentDescription::buffer("results", Access::read, DType::f32),
        ArgumentDescription::buffer("shares", Access::read, DType::f32),
        ArgumentDescription::optional_buffer("residual", Access::read,
                                             residual.value_or(DType::f32), residual.has_value()),
        ArgumentDescription::buffer("y", Access::write, y),
        ArgumentDescription::value("params", struct_layout<SumExpertsParams>())};
    foundry::allow_in_place(kernel, "y", "residual");
    kernel.aliases = {{"Y", msl_type(y)}};
    return kernel;
  }
};

/// The tensor of the Residual that is all that may follow a sum of groups; empty if nothing does.
AnyTensor residual_of(const ExpertLinear& op) {
  if (op.epilogues.empty()) return {};
  static const StageType* const residual = Stage(Residual{}).type;
  const Stage& stage = op.epilogues.front();
  if (op.epilogues.size() == 1 && stage.type == residual) {
    require_float("ExpertLinear", "Residual's residual", stage.tensors[0]);
    require_count("ExpertLinear", "Residual's residual", stage.tensors[0], op.y.count());
    return stage.tensors[0];
  }
  throw ArgumentError(concat("ExpertLinear: ", op.epilogues.size(), " epilogues, the first one ",
                             stage.type ? stage.type->name : "an empty stage",
                             ", after a sum of groups; supported: Residual alone"));
}

/// The results of all choices, summed by a second dispatch.
void encode_sums(const ExpertLinear& op, Encoder& encoder) {
  require_present("ExpertLinear", "scratch, which shares with groups need,", op.scratch);
  if (op.weights.rank() != 3) {
    throw ShapeError(concat("ExpertLinear: weights are ", to_string(op.weights.extents()),
                            ", not (experts, rows, columns)"));
  }
  const std::uint64_t rows = op.weights.extents()[1];
  const std::uint64_t used = op.ids.extents().inner();
  const std::uint64_t slots = op.ids.count();
  require_count("ExpertLinear", "scratch", op.scratch, slots * rows);
  require_count("ExpertLinear", "y", op.y, slots / used * rows);
  const AnyTensor residual = residual_of(op);
  const AnyTensor results = op.scratch.reshape({slots, rows});
  LinearParts(op, routing_of(op), results, {}).kernel.encode(encoder);
  const SumExpertsParams params{static_cast<std::uint32_t>(used), static_cast<std::uint32_t>(rows)};
  const auto kernel =
      encoder.kernel(SumRecipe{.y = op.y.dtype(), .residual = dtype_if_any(residual)});
  encoder.dispatch(*kernel, {results, op.shares, residual, op.y, Argument::value(params)},
                   covering(rows, slots / used));
}

}  // namespace

void ExpertLinear::encode(Encoder& encoder) const {
  require_operands(*this);
  if (sums_groups(*this)) return encode_sums(*this, encoder);
  LinearParts(*this, routing_of(*this), y, epilogues).kernel.encode(encoder);
}

Traffic ExpertLinear::traffic() const {
  require_operands(*this);
  ExpertRouting routing = routing_of(*this);
  if (!sums_groups(*this)) return LinearParts(*this, routing, y, epilogues).kernel.traffic();
  routing.groups = nullptr;
  return LinearParts(*this, routing, y, epilogues).kernel.traffic() +
         Traffic{bytes_of(groups) + bytes_of(scratch), bytes_of(scratch)};
}

}  // namespace foundry::ops
