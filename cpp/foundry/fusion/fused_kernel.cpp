#include "foundry/fusion/fused_kernel.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "foundry/core/error.hpp"
#include "foundry/fusion/expert_params.hpp"
#include "foundry/fusion/fused_recipe.hpp"
#include "foundry/fusion/input_planes.hpp"

namespace foundry {
namespace {

using detail::ExpertParams;
using detail::FusedRecipe;
using detail::HeadParams;
using detail::label_of;
using detail::LinearParams;
using detail::LinearPlan;
using detail::LinearShape;
using detail::PlanesParams;
using detail::PlanesRecipe;
using detail::rows_of;
using detail::StageRecipe;

StageRecipe recipe_of(const Stage& stage) {
  StageRecipe recipe{.type = stage.type, .dims = stage.dims};
  for (std::size_t i = 0; i < kMaxStageTensors; ++i) {
    if (has_tensor(stage, i)) recipe.tensors.at(i) = stage.tensors.at(i).dtype();
  }
  return recipe;
}

bool has(const AnyTensor* tensor) {
  return tensor != nullptr && *tensor;
}

std::optional<DType> dtype_if_any(const AnyTensor* tensor) {
  return has(tensor) ? std::optional(tensor->dtype()) : std::nullopt;
}

FusedRecipe recipe_of(const LentFusedKernel& kernel, const LinearPlan& plan) {
  FusedRecipe recipe{
      .name = kernel.name, .x = kernel.x->dtype(), .plan = plan, .has_places = has(kernel.places)};
  if (kernel.prologue) recipe.prologue = recipe_of(*kernel.prologue);
  if (kernel.experts) {
    recipe.experts = {.ids = kernel.experts->ids->dtype(),
                      .sums = kernel.experts->shares && !kernel.experts->groups};
  }
  for (const LentProduct& product : kernel.products) {
    recipe.products.push_back(
        {.weights = product.weights->dtype(),
         .gate = product.gate ? std::optional(product.gate->dtype()) : std::nullopt,
         .activation = product.activation ? product.activation->type : nullptr,
         .gate_bias = dtype_if_any(product.gate_bias),
         .up_bias = dtype_if_any(product.up_bias),
         .y = product.y->dtype(),
         .stages = product.epilogues.size()});
    for (const Stage& stage : product.epilogues) {
      if (!recipe.stages.push_back(recipe_of(stage))) {
        throw ArgumentError(concat(label_of(kernel), ": more than ", FusedRecipe::kMaxStages,
                                   " stages, which is what a kernel may have"));
      }
    }
  }
  return recipe;
}

/// The arguments of a kernel in the order of its signature (fused_recipe.hpp).
class Arguments {
 public:
  explicit Arguments(const LentFusedKernel& kernel) : kernel_(kernel) {}

  void add(const Argument& argument) {
    if (!arguments_.push_back(argument)) {
      throw ArgumentError(concat(label_of(kernel_), ": more than ", kMaxArgumentIndices,
                                 " tensors and values, which is what Metal has indices for"));
    }
  }
  void add(const Stage& stage) {
    for (std::size_t i = 0; i < kMaxStageTensors; ++i) {
      if (has_tensor(stage, i)) add(Argument(stage.tensors.at(i)));
    }
    for (std::uint8_t i = 0; i < stage.type->scalars; ++i) {
      add(Argument::value(stage.scalars.at(i)));
    }
  }
  std::span<const Argument> span() const { return {arguments_.data(), arguments_.size()}; }

 private:
  const LentFusedKernel& kernel_;
  InlineVector<Argument, kMaxArgumentIndices> arguments_;
};

const LentFusedKernel& lent(const LentFusedKernel& kernel) {
  return kernel;
}
const LentFusedKernel& lent(LentFusedKernel&& kernel) = delete;
LentFusedKernel lent(const FusedKernel& kernel) {
  LentFusedKernel view{.name = kernel.name,
                       .label = kernel.label,
                       .x = &kernel.x,
                       .prologue = pointer_to(kernel.prologue),
                       .options = kernel.options,
                       .start = kernel.start,
                       .ring = kernel.ring,
                       .scratch = &kernel.scratch,
                       .places = &kernel.places};
  for (const Product& product : kernel.products) {
    const bool fits = view.products.push_back({.weights = &product.weights,
                                               .y = &product.y,
                                               .epilogues = product.epilogues,
                                               .gate = product.gate ? &product.gate : nullptr,
                                               .activation = pointer_to(product.activation),
                                               .gate_bias = &product.gate_bias,
                                               .up_bias = &product.up_bias});
    if (!fits) {
      throw ArgumentError(concat(label_of(view), ": ", kernel.products.size(), " products, 1 to ",
                                 kMaxProducts, " are possible"));
    }
  }
  return view;
}

Traffic traffic_of_stage(const Stage& stage) {
  Traffic traffic;
  for (std::size_t i = 0; i < kMaxStageTensors; ++i) {
    if (!has_tensor(stage, i)) continue;
    (stage.type->tensors.at(i).is_written ? traffic.writes : traffic.reads) +=
        bytes_of(stage.tensors.at(i));
  }
  return traffic;
}

void add_routing(Arguments& arguments, const ExpertRouting& experts, const LinearPlan& plan) {
  if (plan.form == LinearForm::gemv) arguments.add(*experts.ids);
  if (experts.groups) return arguments.add(*experts.groups);
  if (experts.shares) arguments.add(*experts.shares);
}

std::uint32_t expert_stride(const AnyTensor& weights) {
  return static_cast<std::uint32_t>(weights.strides()[0] / info(weights.dtype()).block_elements);
}

ExpertParams expert_params(const LentFusedKernel& kernel, const LinearShape& x) {
  const LentProduct& product = kernel.products[0];
  const bool row_of_token = x.tokens != x.slots;
  return {.count = static_cast<std::uint32_t>(x.experts),
          .used = static_cast<std::uint32_t>(x.used),
          .slots_of_input = row_of_token ? static_cast<std::uint32_t>(x.used) : 1,
          .input_places = static_cast<std::uint32_t>(x.experts + 2 + (row_of_token ? x.slots : 0)),
          .weights_stride = expert_stride(*product.weights),
          .gate_stride = product.gate ? expert_stride(*product.gate) : 0,
          .x_stride = detail::row_stride(kernel, "x", *kernel.x),
          .y_stride = detail::row_stride(kernel, "y", *product.y)};
}

void encode_planned(const LentFusedKernel& kernel, const LinearShape& shape, const LinearPlan& plan,
                    Encoder& encoder) {
  const auto compiled = encoder.kernel(recipe_of(kernel, plan));
  LinearParams params{
      static_cast<std::uint32_t>(shape.tokens), static_cast<std::uint32_t>(shape.columns), {}};
  HeadParams heads{kernel.start.value(), {}, {}, {}, {}};
  ExpertParams experts{};
  InlineVector<ParameterUse, kMaxProducts> uses;
  Arguments arguments(kernel);
  arguments.add(*kernel.x);
  if (kernel.prologue) arguments.add(*kernel.prologue);
  if (kernel.experts) add_routing(arguments, *kernel.experts, plan);
  for (std::size_t i = 0; i < kernel.products.size(); ++i) {
    const LentProduct& product = kernel.products[i];
    params.rows.at(i) = static_cast<std::uint32_t>(rows_of(*product.weights));
    if (const std::size_t rank = product.y->rank(); rank >= 3) {
      const auto& strides = product.y->strides();
      const std::uint64_t block = info(product.y->dtype()).block_elements;
      heads.position_stride.at(i) = static_cast<std::uint32_t>(strides[rank - 3] / block);
      heads.head_stride.at(i) = static_cast<std::uint32_t>(strides[rank - 2] / block);
      if (rank == 4) heads.sequence_stride.at(i) = static_cast<std::uint32_t>(strides[0] / block);
      heads.slots.at(i) = kernel.ring ? static_cast<std::uint32_t>(product.y->extents()[rank - 3])
                                      : std::numeric_limits<std::uint32_t>::max();
    }
    arguments.add(*product.weights);
    if (product.gate) {
      arguments.add(*product.gate);
      if (has(product.gate_bias)) arguments.add(*product.gate_bias);
      if (product.activation) arguments.add(*product.activation);
    }
    if (has(product.up_bias)) arguments.add(*product.up_bias);
    for (const Stage& stage : product.epilogues) {
      arguments.add(stage);
      if (stage.type->kind == StageKind::store && !has(kernel.places)) {
        constexpr std::size_t at = offsetof(HeadParams, start);
        uses.push_back(kernel.ring ? parameter_use(at, kernel.start)
                                   : position_use(at, kernel.start, *product.y, shape.tokens));
      }
    }
    arguments.add(*product.y);
  }
  if (uses.empty()) uses.push_back(parameter_use(offsetof(HeadParams, start), kernel.start));
  if (has(kernel.places)) arguments.add(*kernel.places);
  arguments.add(Argument::value(params));
  if (plan.unit != 0) {
    arguments.add(Argument::value(heads, std::span(uses.data(), uses.size())));
  } else if (kernel.start.parameter()) {
    throw ArgumentError(concat(label_of(kernel), ": no stage takes the position '",
                               kernel.start.parameter()->name(), "'"));
  }
  if (kernel.experts) {
    experts = expert_params(kernel, shape);
    arguments.add(Argument::value(experts));
  }
  encoder.dispatch(*compiled, arguments.span(), detail::config_of(kernel, plan, shape));
}

PlanesRecipe recipe_of_planes(const LentFusedKernel& kernel) {
  return {.name = kernel.name,
          .x = kernel.x->dtype(),
          .prologue = kernel.prologue ? std::optional(recipe_of(*kernel.prologue)) : std::nullopt};
}

/// What is left to do once the input is in its scratch.
LentFusedKernel after_planes(const LentFusedKernel& kernel) {
  LentFusedKernel rest = kernel;
  rest.x = kernel.scratch;
  rest.prologue = nullptr;
  return rest;
}

void encode_tiles(const LentFusedKernel& kernel, const LinearShape& shape, const LinearPlan& plan,
                  Encoder& encoder) {
  const auto compiled = encoder.kernel(recipe_of_planes(kernel));
  Arguments arguments(kernel);
  arguments.add(*kernel.x);
  if (kernel.prologue) arguments.add(*kernel.prologue);
  arguments.add(*kernel.scratch);
  const PlanesParams params{static_cast<std::uint32_t>(shape.tokens),
                            static_cast<std::uint32_t>(shape.columns)};
  arguments.add(Argument::value(params));
  encoder.dispatch(*compiled, arguments.span(), threadgroups_of(1, shape.tokens));
  encode_planned(after_planes(kernel), shape, plan, encoder);
}

void encode_lent(const LentFusedKernel& kernel, Encoder& encoder) {
  const LinearShape shape = detail::check_linear(kernel);
  const LinearPlan plan = detail::plan_of(kernel, shape, encoder.device());
  if (plan.form == LinearForm::gemm_tiles) return encode_tiles(kernel, shape, plan, encoder);
  encode_planned(kernel, shape, plan, encoder);
  if (plan.few_tokens == 0) return;
  encode_planned(kernel, shape, detail::plan_of_few(kernel, shape, encoder.device(), plan),
                 encoder);
}

/// All of it; of experts those that may have been chosen.
std::uint64_t bytes_of_weights(const AnyTensor& weights, const LinearShape& shape) {
  if (shape.experts == 0) return bytes_of(weights);
  return bytes_of(weights) / shape.experts * std::min(shape.slots, shape.experts);
}

Traffic traffic_of_lent(const LentFusedKernel& kernel) {
  const LinearShape shape = detail::check_linear(kernel);
  Traffic traffic{bytes_of(*kernel.x), 0};
  if (has(kernel.places)) traffic.reads += bytes_of(*kernel.places);
  if (kernel.prologue) traffic += traffic_of_stage(*kernel.prologue);
  if (kernel.experts) {
    const auto& [ids, shares, groups] = *kernel.experts;
    traffic.reads += bytes_of(groups ? *groups : *ids);
    if (shares && !groups) traffic.reads += bytes_of(*shares);
  }
  for (const LentProduct& product : kernel.products) {
    for (const AnyTensor* tensor :
         {product.weights, product.gate, product.gate_bias, product.up_bias}) {
      if (has(tensor)) traffic.reads += bytes_of_weights(*tensor, shape);
    }
    for (const Stage& stage : product.epilogues) traffic += traffic_of_stage(stage);
    // Of a cache, one position is written.
    const DTypeInfo& y = info(product.y->dtype());
    traffic.writes += shape.results * rows_of(*product.weights) / y.block_elements * y.block_bytes;
  }
  return traffic;
}

}  // namespace

template <class Held>
void BasicFusedKernel<Held>::encode(Encoder& encoder) const {
  encode_lent(lent(*this), encoder);
}

template <class Held>
Traffic BasicFusedKernel<Held>::traffic() const {
  return traffic_of_lent(lent(*this));
}

template <class Held>
KernelDescription BasicFusedKernel<Held>::describe(const Device& device) const {
  const LentFusedKernel& kernel = lent(*this);
  const LinearPlan plan = detail::plan_of(kernel, detail::check_linear(kernel), device);
  const bool has_planes = plan.form == LinearForm::gemm_tiles;
  return recipe_of(has_planes ? after_planes(kernel) : kernel, plan).describe();
}

template struct BasicFusedKernel<Owned>;
template struct BasicFusedKernel<Lent>;

std::string to_string(const FusedKernel& kernel) {
  std::string before;
  if (kernel.x) before += concat(kernel.x.describe(), " -> ");
  if (kernel.prologue) before += concat(kernel.prologue->type->name, " -> ");
  std::string text;
  for (const Product& product : kernel.products) {
    text += concat(text.empty() ? "" : "; ", before);
    if (product.gate) text += concat(product.gate.describe(), " gates ");
    text += product.weights.describe();
    for (const Stage& stage : product.epilogues) text += concat(" -> ", stage.type->name);
    if (product.y) text += concat(" -> ", product.y.describe());
  }
  if (text.empty()) text = before + "...";
  return concat(kernel.name ? *kernel.name : std::string(kernel.label), ": ", text);
}

}  // namespace foundry
