#include "foundry/fusion/input_planes.hpp"

#include "foundry/core/concat.hpp"

namespace foundry::detail {
namespace {

class PlanesSource : StageSource {
 public:
  explicit PlanesSource(const PlanesRecipe& recipe)
      : StageSource(concat(*recipe.name, "_input")), recipe_(recipe) {}

  KernelDescription generate() {
    include("lib/input_planes.metal");
    tensor("x", Access::read, recipe_.x);
    const std::string prologue =
        prologue_expression(recipe_.prologue, recipe_.x, "x", "params.columns");
    tensor("planes", Access::write, DType::bf16);
    description_.arguments.push_back(
        ArgumentDescription::value("params", struct_layout<PlanesParams>()));
    line(concat("kernel void ", description_.name, "(FOUNDRY_ARGUMENTS) {"));
    line("  const uint token = threadgroup_position_in_grid.x;");
    line("  const uint lane = thread_index_in_simdgroup;");
    line(concat("  const auto prologue = ", prologue, ";"));
    if (writes_result(recipe_.prologue)) {
      line("  store_result(prologue, token, token + 1, params.columns, 0, 1, lane);");
    }
    line("  write_planes(prologue, planes, params.tokens, params.columns, token, lane);");
    line("}");
    return std::move(description_);
  }

 private:
  const PlanesRecipe& recipe_;
};

}  // namespace

KernelDescription PlanesRecipe::describe() const {
  return PlanesSource(*this).generate();
}

}  // namespace foundry::detail
