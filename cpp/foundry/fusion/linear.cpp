#include "foundry/fusion/linear.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <set>

#include "foundry/core/error.hpp"
#include "foundry/fusion/linear_source.hpp"
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {

using detail::FusedRecipe;
using detail::HeadParams;
using detail::LinearParams;
using detail::LinearPlan;
using detail::LinearShape;
using detail::StageRecipe;

constexpr std::uint32_t kMaxRowsPerSimdgroup = 8;
constexpr std::uint32_t kDefaultRowsPerSimdgroup = 4;
constexpr std::uint32_t kDefaultSimdgroups = 4;
// With narrow lanes a threadgroup is one simdgroup, which needs no barrier between threads, and
// takes as many rows as it has lanes: shaders/lib/gemv_input.metal says why.
constexpr std::uint32_t kNarrowRowsPerSimdgroup = 32;
constexpr std::uint32_t kNarrowSimdgroups = 1;
// A processor's prefetcher follows one row to its end and on into the next; four rows side by side
// ran at half the speed (rows of 576 weights on Zen 3), whatever is saved in loads of the input.
constexpr std::uint32_t kNarrowRowsTogether = 1;
// A gemm's sums of one row are as many registers as 32 floats take: of 16 or of 32.
constexpr std::uint32_t kGemmRowsTogether = 2;
constexpr std::uint32_t kWideGemmRowsTogether = 8;

/// Rows of a head that one threadgroup takes: the largest divisor of the head, in whole tiles, up
/// to what suits the device. A CPU takes as many as it has lanes for pairs, so that one evaluation
/// of sine and cosine serves them all; a GPU takes few, to have many threadgroups. With a head norm
/// it is the whole head.
std::uint32_t unit_of(const LinearShape& shape, bool narrow, std::uint32_t tile) {
  if (shape.has_head_norm) return shape.head_dim;
  const std::uint32_t most = narrow ? 2 * kSimdWidth : kDefaultSimdgroups * tile;
  for (std::uint32_t unit = most / tile * tile; unit != 0; unit -= tile) {
    if (shape.head_dim % unit == 0) return unit;
  }
  return shape.head_dim;
}

LinearPlan plan_of(const FusedKernelView& kernel, const LinearShape& x, const Device& device) {
  const DeviceTraits& traits = device.traits();
  LinearPlan plan;
  plan.narrow = traits.has_register_lanes();
  plan.form = kernel.form;
  if (plan.form == LinearForm::automatic) {
    plan.form = x.tokens == 1 ? LinearForm::gemv : LinearForm::gemm;
  }
  if (plan.form == LinearForm::gemm) {
    plan.form = plan.narrow ? LinearForm::gemm_lanes : LinearForm::gemm_matrices;
  }
  const std::string_view label = kernel.label.empty() ? *kernel.name : kernel.label;
  if (kernel.rows_per_simdgroup > kMaxRowsPerSimdgroup || kernel.simdgroups > kMaxSimdgroups) {
    throw ArgumentError(concat(label, ": ", kernel.rows_per_simdgroup, " rows per simdgroup and ",
                               kernel.simdgroups, " simdgroups, up to ", kMaxRowsPerSimdgroup,
                               " and ", kMaxSimdgroups, " are possible"));
  }
  plan.rows_per_simdgroup = kernel.rows_per_simdgroup ? kernel.rows_per_simdgroup
                            : plan.narrow             ? kNarrowRowsPerSimdgroup
                                                      : kDefaultRowsPerSimdgroup;
  plan.rows_together = plan.narrow ? kNarrowRowsTogether : plan.rows_per_simdgroup;
  if (plan.form == LinearForm::gemm_lanes) {
    plan.rows_together = traits.has_wide_registers() ? kWideGemmRowsTogether : kGemmRowsTogether;
  }
  plan.input_in_memory = plan.narrow && x.columns <= detail::kGemvInputColumns;
  if (x.head_dim != 0) {
    if (plan.rows_per_simdgroup % 2 != 0) {
      throw ArgumentError(concat(label, ": ", plan.rows_per_simdgroup,
                                 " rows per simdgroup are no whole pairs of a head"));
    }
    plan.head_dim = x.head_dim;
    plan.unit = unit_of(x, plan.narrow, plan.rows_per_simdgroup);
  }
  return plan;
}

bool has_tensor(const Stage& stage) {
  return stage.type->tensor != StageTensor::none && stage.tensor;
}

StageRecipe recipe_of(const Stage& stage) {
  return {.type = stage.type,
          .tensor = has_tensor(stage) ? std::optional(stage.tensor.dtype()) : std::nullopt};
}

FusedRecipe recipe_of(const FusedKernelView& kernel, const LinearPlan& plan) {
  FusedRecipe recipe{.name = kernel.name, .x = kernel.x->dtype(), .plan = plan};
  if (kernel.prologue) recipe.prologue = recipe_of(*kernel.prologue);
  for (const auto& part : kernel.parts) {
    recipe.products.push_back({.weights = part.weights->dtype(),
                               .gate = part.gate ? std::optional(part.gate->dtype()) : std::nullopt,
                               .activation = part.activation ? part.activation->type : nullptr,
                               .y = part.y->dtype(),
                               .stages = part.epilogues.size()});
    for (const Stage& stage : part.epilogues) {
      if (!recipe.stages.push_back(recipe_of(stage))) {
        throw ArgumentError(concat(kernel.label.empty() ? *kernel.name : kernel.label,
                                   ": more than ", FusedRecipe::kMaxStages,
                                   " stages, which is what a kernel may have"));
      }
    }
  }
  return recipe;
}

using Arguments = InlineVector<Argument, kMaxArgumentIndices>;

void bind(const FusedKernelView& kernel, Arguments& arguments, const Argument& argument) {
  if (!arguments.push_back(argument)) {
    throw ArgumentError(concat(kernel.label.empty() ? *kernel.name : kernel.label, ": more than ",
                               kMaxArgumentIndices,
                               " tensors and values, which is what Metal has indices for"));
  }
}

void bind_stage(const FusedKernelView& kernel, const Stage& stage, Arguments& arguments) {
  if (has_tensor(stage)) bind(kernel, arguments, stage.tensor);
  if (stage.type->has_scalar) bind(kernel, arguments, Argument::value(stage.scalar));
}

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

DispatchConfig config_of(const FusedKernelView& kernel, const LinearPlan& plan,
                         const LinearShape& x) {
  std::uint64_t tiles = 0;
  for (const auto& part : kernel.parts)
    tiles +=
        divide_up(part.weights->extents()[0], detail::rows_of_tile(plan, part.gate != nullptr));
  if (plan.form != LinearForm::gemv) {
    const detail::GemmTile& gemm = detail::tile_of(plan.form);
    return threadgroups_of(gemm.simdgroups, tiles, divide_up(x.tokens, gemm.tokens));
  }
  if (plan.unit != 0) {
    // On a CPU the threadgroup's simdgroups would share one core: one of them does it all.
    const std::uint64_t chosen = plan.narrow ? 1 : divide_up(plan.unit, plan.rows_per_simdgroup);
    return threadgroups_of(
        kernel.simdgroups ? kernel.simdgroups : std::min<std::uint64_t>(chosen, kMaxSimdgroups),
        tiles);
  }
  const std::uint64_t simdgroups = kernel.simdgroups ? kernel.simdgroups
                                   : plan.narrow     ? kNarrowSimdgroups
                                                     : kDefaultSimdgroups;
  return threadgroups_of(simdgroups, divide_up(tiles, simdgroups));
}

FusedKernelView view_of(const FusedKernel& kernel) {
  FusedKernelView view{kernel.name,
                       kernel.label,
                       &kernel.x,
                       pointer_to(kernel.prologue),
                       {},
                       kernel.form,
                       kernel.rows_per_simdgroup,
                       kernel.simdgroups,
                       kernel.start};
  for (const Product& part : kernel.parts) {
    const bool fits =
        view.parts.push_back({&part.weights, &part.y, part.epilogues,
                              part.gate ? &part.gate : nullptr, pointer_to(part.activation)});
    if (!fits) {
      throw ArgumentError(concat(kernel.label.empty() ? *kernel.name : kernel.label, ": ",
                                 kernel.parts.size(), " products, 1 to ", FusedKernel::kMaxParts,
                                 " are possible"));
    }
  }
  return view;
}

Traffic traffic_of_stage(const Stage& stage) {
  return {has_tensor(stage) ? bytes_of(stage.tensor) : 0, 0};
}

}  // namespace

const std::string& intern(std::string_view name) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>>& names = *new std::set<std::string, std::less<>>;
  const std::lock_guard lock(mutex);
  const auto found = names.find(name);
  return found != names.end() ? *found : *names.emplace(name).first;
}

FusedKernelView one_product(const std::string& name, std::string_view label, const AnyTensor& x,
                            const std::optional<Stage>& prologue, const ProductView& part,
                            LinearForm form) {
  FusedKernelView view{&name, label, &x, pointer_to(prologue), {}, form, 0, 0, 0};
  view.parts.push_back(part);
  return view;
}

KernelDescription FusedKernelView::describe(const Device& device) const {
  return recipe_of(*this, plan_of(*this, detail::check_linear(*this), device)).describe();
}

void FusedKernelView::encode(Encoder& encoder) const {
  const LinearShape shape = detail::check_linear(*this);
  const LinearPlan plan = plan_of(*this, shape, encoder.device());
  const auto compiled = encoder.kernel(recipe_of(*this, plan));
  LinearParams params{
      static_cast<std::uint32_t>(shape.tokens), static_cast<std::uint32_t>(shape.columns), {}};
  HeadParams heads{start.value(), {}, {}};
  InlineVector<ParameterUse, FusedKernel::kMaxParts> uses;
  Arguments arguments;
  bind(*this, arguments, *x);
  if (prologue) bind_stage(*this, *prologue, arguments);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const ProductView& part = parts[i];
    params.rows.at(i) = static_cast<std::uint32_t>(part.weights->extents()[0]);
    if (part.y->rank() == 3) {
      heads.position_stride.at(i) = static_cast<std::uint32_t>(part.y->strides()[0]);
      heads.head_stride.at(i) = static_cast<std::uint32_t>(part.y->strides()[1]);
    }
    bind(*this, arguments, *part.weights);
    if (part.gate) {
      bind(*this, arguments, *part.gate);
      if (part.activation) bind_stage(*this, *part.activation, arguments);
    }
    for (const auto& stage : part.epilogues) {
      bind_stage(*this, stage, arguments);
      if (stage.type->kind == StageKind::store) {
        uses.push_back(position_use(offsetof(HeadParams, start), start, *part.y, shape.tokens));
      }
    }
    bind(*this, arguments, *part.y);
  }
  if (uses.empty()) uses.push_back(parameter_use(offsetof(HeadParams, start), start));
  bind(*this, arguments, Argument::value(params));
  if (plan.unit != 0) {
    bind(*this, arguments, Argument::value(heads, std::span(uses.data(), uses.size())));
  } else if (start.parameter()) {
    throw ArgumentError(concat(label.empty() ? *name : label, ": no stage takes the position '",
                               start.parameter()->name(), "'"));
  }
  encoder.dispatch(*compiled, std::span(arguments.data(), arguments.size()),
                   config_of(*this, plan, shape));
}

Traffic FusedKernelView::traffic() const {
  const LinearShape shape = detail::check_linear(*this);
  Traffic traffic{bytes_of(*x), 0};
  if (prologue) traffic += traffic_of_stage(*prologue);
  for (const ProductView& part : parts) {
    traffic.reads += bytes_of(*part.weights);
    if (part.gate) traffic.reads += bytes_of(*part.gate);
    for (const Stage& stage : part.epilogues) traffic += traffic_of_stage(stage);
    // Of a cache, one position is written.
    traffic.writes += shape.tokens * part.weights->extents()[0] * info(part.y->dtype()).block_bytes;
  }
  return traffic;
}

void FusedKernel::encode(Encoder& encoder) const {
  view_of(*this).encode(encoder);
}

Traffic FusedKernel::traffic() const {
  return view_of(*this).traffic();
}

KernelDescription FusedKernel::describe(const Device& device) const {
  return view_of(*this).describe(device);
}

std::string to_string(const FusedKernel& kernel) {
  std::string before;
  if (kernel.x) before += concat(kernel.x.describe(), " -> ");
  if (kernel.prologue) before += concat(kernel.prologue->type->name, " -> ");
  std::string text;
  for (const Product& part : kernel.parts) {
    text += concat(text.empty() ? "" : "; ", before);
    if (part.gate) text += concat(part.gate.describe(), " gates ");
    text += part.weights.describe();
    for (const Stage& stage : part.epilogues) text += concat(" -> ", stage.type->name);
    if (part.y) text += concat(" -> ", part.y.describe());
  }
  if (text.empty()) text = before + "...";
  return concat(kernel.name ? *kernel.name : std::string(kernel.label), ": ", text);
}

}  // namespace foundry
