#include "foundry/fusion/fused_kernel_builder.hpp"

#include "foundry/core/error.hpp"

namespace foundry {
namespace {

std::string_view name_of(const Stage& stage) {
  return stage.type ? stage.type->name : std::string_view("an empty stage");
}

}  // namespace

FusedKernelBuilder::FusedKernelBuilder(std::string_view name) {
  kernel_.name = &intern(name);
}

void FusedKernelBuilder::refuse(const std::string& why) const {
  throw ArgumentError(concat("fused kernel ", name(), ": ", why));
}

FusedKernelBuilder& FusedKernelBuilder::prologue(Stage stage) {
  if (!stage.type) refuse("an empty stage");
  if (stage.type->kind != StageKind::prologue) {
    refuse(
        concat(name_of(stage), " is ", describe(stage.type->kind), " and cannot be the prologue"));
  }
  if (kernel_.prologue) {
    refuse(concat("it has a prologue already, ", name_of(*kernel_.prologue), "; a second one, ",
                  name_of(stage), ", would need the first one's whole result"));
  }
  if (!kernel_.parts.empty()) refuse("the prologue comes before the main stage");
  kernel_.prologue = std::move(stage);
  return *this;
}

FusedKernelBuilder& FusedKernelBuilder::main(MainStage stage) {
  if (!stage.alone.empty()) refuse(concat(stage.name, " cannot be fused: ", stage.alone));
  if (!stage.weights) refuse(concat(stage.name, " has no weights"));
  if (kernel_.parts.size() == FusedKernel::kMaxParts) {
    refuse(concat("more than ", FusedKernel::kMaxParts, " main stages"));
  }
  const bool first = kernel_.parts.empty();
  if (!first && stage.form != kernel_.form) {
    refuse(concat(stage.name,
                  " has another form than the main stage before it; all products of a "
                  "kernel run on one grid"));
  }
  if (first) {
    kernel_.form = stage.form;
    kernel_.rows_per_simdgroup = stage.rows_per_simdgroup;
    kernel_.simdgroups = stage.simdgroups;
  }
  Product part;
  part.weights = std::move(stage.weights);
  part.gate = std::move(stage.gate);
  part.activation = std::move(stage.activation);
  kernel_.parts.push_back(std::move(part));
  return *this;
}

FusedKernelBuilder& FusedKernelBuilder::epilogue(Stage stage) {
  const bool has_main = !kernel_.parts.empty();
  const std::string why = refusal(
      has_main ? std::span<const Stage>(kernel_.parts.back().epilogues) : std::span<const Stage>(),
      stage);
  if (!why.empty()) refuse(why);
  if (!has_main) refuse(concat(name_of(stage), " has no main stage before it"));
  kernel_.parts.back().epilogues.push_back(std::move(stage));
  return *this;
}

FusedKernel FusedKernelBuilder::build(AnyTensor x, std::vector<AnyTensor> y,
                                      const Scalar<std::uint32_t>& start) const {
  if (kernel_.parts.empty()) refuse("it has no main stage");
  if (y.size() != kernel_.parts.size()) {
    refuse(concat(kernel_.parts.size(), " main stages, ", y.size(), " outputs"));
  }
  FusedKernel kernel = kernel_;
  kernel.x = std::move(x);
  kernel.start = start;
  for (std::size_t i = 0; i < y.size(); ++i) kernel.parts[i].y = std::move(y[i]);
  return kernel;
}

}  // namespace foundry
