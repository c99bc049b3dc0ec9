#include "foundry/fusion/linear.hpp"

#include <limits>
#include <mutex>
#include <set>

#include "foundry/core/error.hpp"
#include "foundry/fusion/linear_source.hpp"
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {

using detail::LinearParams;
using detail::LinearPlan;

constexpr std::uint32_t kMaxRowsPerSimdgroup = 8;
constexpr std::uint32_t kDefaultRowsPerSimdgroup = 4;
constexpr std::uint32_t kDefaultSimdgroups = 4;
constexpr std::uint32_t kMaxSimdgroups = 32;  // 1024 threads

std::string shape(const AnyTensor& tensor) {
  return to_string(tensor.extents());
}

std::string_view label(const FusedLinear& kernel) {
  return kernel.label.empty() ? std::string_view(*kernel.name) : kernel.label;
}

struct Shape {
  std::uint64_t tokens = 1;
  std::uint64_t columns = 1;
};

[[noreturn]] void fail_shape(const FusedLinear& kernel, const std::string& what) {
  throw ShapeError(concat(label(kernel), ": ", what));
}

void require_plain(const FusedLinear& kernel, const char* what, const AnyTensor& tensor) {
  if (!tensor) throw ArgumentError(concat(label(kernel), ": ", what, " is missing"));
  if (!info(tensor.dtype()).is_float || is_block(tensor.dtype())) {
    throw DTypeError(
        concat(label(kernel), ": ", what, " takes f32, f16 or bf16, got ", tensor.describe()));
  }
}

Shape input_shape(const FusedLinear& kernel) {
  require_plain(kernel, "x", kernel.x);
  const Extents& extents = kernel.x.extents();
  if (extents.rank() < 1 || extents.rank() > 2) {
    fail_shape(kernel, concat("x is ", shape(kernel.x), ", not (columns,) or (tokens, columns)"));
  }
  return {extents.rank() == 2 ? extents[0] : 1, extents.inner()};
}

void check_weights(const FusedLinear& kernel, const Shape& x, const char* what,
                   const AnyTensor& weights) {
  if (!weights) throw ArgumentError(concat(label(kernel), ": ", what, " is missing"));
  policy_of(weights.dtype(), label(kernel));
  if (weights.rank() != 2) {
    fail_shape(kernel, concat(what, " are ", shape(weights), ", not (rows, columns)"));
  }
  if (weights.extents()[1] != x.columns) {
    fail_shape(kernel,
               concat(what, " are ", shape(weights), ", x is ", shape(kernel.x), ": inner sizes ",
                      weights.extents()[1], " and ", x.columns, " differ"));
  }
}

void check_stage(const FusedLinear& kernel, const Stage& stage, StageKind kind, const Shape& x,
                 std::uint64_t rows) {
  if (stage.type == nullptr || stage.type->kind != kind) {
    const auto name = stage.type ? stage.type->name : std::string_view("an empty stage");
    throw ArgumentError(concat(label(kernel), ": ", name, " is not ",
                               kind == StageKind::prologue ? "a prologue" : "an epilogue"));
  }
  std::uint64_t wanted = 0;
  switch (stage.type->tensor) {
    case StageTensor::none:
      return;
    case StageTensor::columns:
      wanted = x.columns;
      break;
    case StageTensor::rows:
      wanted = rows;
      break;
    case StageTensor::result:
      wanted = x.tokens * rows;
      break;
  }
  const std::string what = concat(stage.type->name, "'s ", stage.type->argument);
  require_plain(kernel, what.c_str(), stage.tensor);
  if (stage.tensor.count() != wanted) {
    fail_shape(kernel, concat(what, " is ", shape(stage.tensor), ": ", stage.tensor.count(),
                              " elements where ", wanted, " are needed"));
  }
}

/// Stages index inputs and results with 32 bits.
void check_indices(const FusedLinear& kernel, const AnyTensor& tensor) {
  if (tensor.count() > std::numeric_limits<std::uint32_t>::max()) {
    fail_shape(kernel, concat(tensor.describe(), " has ", tensor.count(),
                              " elements, up to 2^32 - 1 are possible"));
  }
}

void check_part(const FusedLinear& kernel, const Shape& x, const LinearPart& part) {
  check_weights(kernel, x, "weights", part.weights);
  const std::uint64_t rows = part.weights.extents()[0];
  if (part.gate) {
    check_weights(kernel, x, "gate weights", part.gate);
    if (part.gate.extents()[0] != rows) {
      fail_shape(kernel, concat("gate weights are ", shape(part.gate), ", weights are ",
                                shape(part.weights), ": ", part.gate.extents()[0], " and ", rows,
                                " rows differ"));
    }
    if (part.activation) {
      check_stage(kernel, *part.activation, StageKind::epilogue, x, rows);
      if (part.activation->type->tensor != StageTensor::none) {
        throw ArgumentError(concat(label(kernel), ": ", part.activation->type->name,
                                   " has a tensor and cannot be a gate's activation"));
      }
    }
  }
  require_plain(kernel, "y", part.y);
  if (part.y.count() != x.tokens * rows || part.y.extents().inner() != rows) {
    fail_shape(kernel, concat("y is ", shape(part.y), ", the result is ",
                              to_string(Extents{x.tokens, rows})));
  }
  for (const auto& stage : part.epilogues) check_stage(kernel, stage, StageKind::epilogue, x, rows);
}

Shape check(const FusedLinear& kernel) {
  if (kernel.name == nullptr) throw ArgumentError("a fused kernel without a name");
  const Shape x = input_shape(kernel);
  if (kernel.parts.empty() || kernel.parts.size() > FusedLinear::kMaxParts) {
    throw ArgumentError(concat(label(kernel), ": ", kernel.parts.size(), " products, 1 to ",
                               FusedLinear::kMaxParts, " are possible"));
  }
  if (kernel.form == LinearForm::gemv && x.tokens != 1) {
    fail_shape(kernel,
               concat("x is ", shape(kernel.x), ": a gemv takes one token, got ", x.tokens));
  }
  if (kernel.prologue) check_stage(kernel, *kernel.prologue, StageKind::prologue, x, 0);
  for (const auto& part : kernel.parts) {
    check_part(kernel, x, part);
    check_indices(kernel, part.y);
  }
  check_indices(kernel, kernel.x);
  return x;
}

LinearPlan plan_of(const FusedLinear& kernel, const Shape& x, const Device& device) {
  LinearPlan plan;
  plan.form = kernel.form != LinearForm::automatic ? kernel.form
              : x.tokens == 1                      ? LinearForm::gemv
                                                   : LinearForm::gemm;
  plan.narrow = has_narrow_lanes(device);
  plan.rows_per_simdgroup =
      kernel.rows_per_simdgroup ? kernel.rows_per_simdgroup : kDefaultRowsPerSimdgroup;
  if (plan.rows_per_simdgroup > kMaxRowsPerSimdgroup || kernel.simdgroups > kMaxSimdgroups) {
    throw ArgumentError(concat(label(kernel), ": ", plan.rows_per_simdgroup,
                               " rows per simdgroup and ", kernel.simdgroups, " simdgroups, up to ",
                               kMaxRowsPerSimdgroup, " and ", kMaxSimdgroups, " are possible"));
  }
  return plan;
}

std::uint64_t word(const void* address) {
  return std::hash<const void*>()(address);
}

void add_stage(KernelKey& key, const Stage& stage) {
  key.add(word(stage.type));
  if (stage.type->tensor != StageTensor::none)
    key.add(static_cast<std::uint64_t>(stage.tensor.dtype()));
}

KernelKey key_of(const FusedLinear& kernel, const LinearPlan& plan) {
  KernelKey key(kernel.name, {static_cast<std::uint64_t>(plan.form) |
                              static_cast<std::uint64_t>(plan.narrow) << 8 |
                              static_cast<std::uint64_t>(plan.rows_per_simdgroup) << 16 |
                              static_cast<std::uint64_t>(kernel.x.dtype()) << 24 |
                              static_cast<std::uint64_t>(kernel.parts.size()) << 32 |
                              static_cast<std::uint64_t>(kernel.prologue.has_value()) << 40});
  if (kernel.prologue) add_stage(key, *kernel.prologue);
  for (const auto& part : kernel.parts) {
    key.add(static_cast<std::uint64_t>(part.weights.dtype()) |
            static_cast<std::uint64_t>(part.y.dtype()) << 8 |
            static_cast<std::uint64_t>(part.epilogues.size()) << 16 |
            (part.gate ? static_cast<std::uint64_t>(part.gate.dtype()) + 1 : 0) << 32);
    if (part.gate) key.add(part.activation ? word(part.activation->type) : 0);
    for (const auto& stage : part.epilogues) add_stage(key, stage);
  }
  return key;
}

void bind_stage(const Stage& stage, std::vector<Argument>& arguments) {
  if (stage.type->tensor != StageTensor::none) arguments.emplace_back(stage.tensor);
  if (stage.type->has_scalar) arguments.push_back(Argument::value(stage.scalar));
}

DispatchConfig config_of(const FusedLinear& kernel, const LinearPlan& plan, const Shape& x) {
  const bool gemv = plan.form == LinearForm::gemv;
  const std::uint64_t tile =
      gemv ? plan.rows_per_simdgroup : detail::kGemmSimdgroups * detail::kGemmRows;
  std::uint64_t tiles = 0;
  for (const auto& part : kernel.parts) tiles += (part.weights.extents()[0] + tile - 1) / tile;
  if (gemv) {
    const std::uint64_t simdgroups = kernel.simdgroups ? kernel.simdgroups : kDefaultSimdgroups;
    return threadgroups_of(simdgroups, (tiles + simdgroups - 1) / simdgroups);
  }
  return threadgroups_of(detail::kGemmSimdgroups, tiles,
                         (x.tokens + detail::kGemmTokens - 1) / detail::kGemmTokens);
}

}  // namespace

const std::string& intern(std::string_view name) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>>& names = *new std::set<std::string, std::less<>>;
  const std::lock_guard lock(mutex);
  const auto found = names.find(name);
  return found != names.end() ? *found : *names.emplace(name).first;
}

KernelDescription FusedLinear::describe(const Device& device) const {
  return detail::describe_linear(*this, plan_of(*this, check(*this), device));
}

void FusedLinear::encode(Encoder& encoder) const {
  const Shape shape = check(*this);
  const LinearPlan plan = plan_of(*this, shape, encoder.device());
  const auto compiled =
      encoder.kernel(key_of(*this, plan), [&] { return detail::describe_linear(*this, plan); });
  LinearParams params{
      static_cast<std::uint32_t>(shape.tokens), static_cast<std::uint32_t>(shape.columns), {}};
  std::vector<Argument> arguments;
  arguments.reserve(compiled->description.arguments.size());
  arguments.emplace_back(x);
  if (prologue) bind_stage(*prologue, arguments);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const LinearPart& part = parts[i];
    params.rows.at(i) = static_cast<std::uint32_t>(part.weights.extents()[0]);
    arguments.emplace_back(part.weights);
    if (part.gate) {
      arguments.emplace_back(part.gate);
      if (part.activation) bind_stage(*part.activation, arguments);
    }
    for (const auto& stage : part.epilogues) bind_stage(stage, arguments);
    arguments.emplace_back(part.y);
  }
  arguments.push_back(Argument::value(params));
  encoder.dispatch(*compiled, arguments, config_of(*this, plan, shape));
}

}  // namespace foundry
