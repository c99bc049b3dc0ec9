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
  if (!kernel_.products.empty()) refuse("the prologue comes before the main stage");
  kernel_.prologue = std::move(stage);
  return *this;
}

FusedKernelBuilder& FusedKernelBuilder::main(MainStage stage) {
  if (!stage.alone.empty()) refuse(concat(stage.name, " cannot be fused: ", stage.alone));
  if (!stage.product.weights) refuse(concat(stage.name, " has no weights"));
  if (kernel_.products.size() == kMaxProducts) {
    refuse(concat("more than ", kMaxProducts, " main stages"));
  }
  const bool first = kernel_.products.empty();
  if (!first && stage.options.form != kernel_.options.form) {
    refuse(concat(stage.name,
                  " has another form than the main stage before it; all products of a "
                  "kernel run on one grid"));
  }
  if (first) kernel_.options = stage.options;
  kernel_.products.push_back(std::move(stage.product));
  return *this;
}

FusedKernelBuilder& FusedKernelBuilder::epilogue(Stage stage) {
  const bool has_main = !kernel_.products.empty();
  const std::string why =
      refusal(has_main ? std::span<const Stage>(kernel_.products.back().epilogues)
                       : std::span<const Stage>(),
              stage);
  if (!why.empty()) refuse(why);
  if (!has_main) refuse(concat(name_of(stage), " has no main stage before it"));
  kernel_.products.back().epilogues.push_back(std::move(stage));
  return *this;
}

FusedKernel FusedKernelBuilder::build(AnyTensor x, std::vector<AnyTensor> y,
                                      const Scalar<std::uint32_t>& start) const {
  if (kernel_.products.empty()) refuse("it has no main stage");
  if (y.size() != kernel_.products.size()) {
    refuse(concat(kernel_.products.size(), " main stages, ", y.size(), " outputs"));
  }
  FusedKernel kernel = kernel_;
  kernel.x = std::move(x);
  kernel.start = start;
  for (std::size_t i = 0; i < y.size(); ++i) kernel.products[i].y = std::move(y[i]);
  return kernel;
}

}  // namespace foundry
