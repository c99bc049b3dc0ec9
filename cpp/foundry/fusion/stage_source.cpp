#include "foundry/fusion/stage_source.hpp"

#include <cstddef>

#include "foundry/core/concat.hpp"

namespace foundry::detail {

bool writes_result(const std::optional<StageRecipe>& stage) {
  if (!stage) return false;
  for (std::size_t i = 0; i < kMaxStageTensors; ++i) {
    if (stage->type->tensors.at(i).is_written && stage->tensors.at(i)) return true;
  }
  return false;
}

/// A stage's types and members: ", half" and ", prologue_weight, prologue_scalar" after those of
/// `types` and `members`. Its tensors and scalars become arguments, called by what they are.
template <class TensorName, class ScalarName>
void StageSource::stage_values(const StageRecipe& stage, std::string& types, std::string& members,
                               const TensorName& tensor_name, const ScalarName& scalar_name) {
  const auto append = [](std::string& list, const std::string& item) {
    list += (list.empty() ? "" : ", ") + item;
  };
  for (std::size_t i = 0; i < kMaxStageTensors; ++i) {
    const StageOperand& operand = stage.type->tensors.at(i);
    if (operand.shape == StageTensor::none) break;
    const auto& dtype = stage.tensors.at(i);
    append(types, dtype ? msl_type(*dtype) : "Absent");
    append(members, dtype ? tensor_name(operand) : "nullptr");
    if (!dtype) continue;
    tensor(tensor_name(operand), operand.is_written ? Access::write : Access::read, *dtype);
  }
  for (std::uint8_t i = 0; i < stage.type->scalars; ++i) {
    const std::string name = i == 0 ? scalar_name("") : scalar_name(std::to_string(i));
    scalar(name);
    append(members, name);
  }
}

std::string StageSource::prologue_expression(const std::optional<StageRecipe>& stage, DType x,
                                             const std::string& input, const std::string& stride) {
  if (!stage) {
    include("stages/direct.metal");
    return concat("Direct<", msl_type(x), ">{", input, ", ", stride, "}");
  }
  const StageType& type = *stage->type;
  include(type.file);
  std::string types = msl_type(x);
  std::string members = input;
  stage_values(
      *stage, types, members,
      [](const StageOperand& operand) { return concat("prologue_", operand.argument); },
      [](const std::string& index) { return "prologue_scalar" + index; });
  return concat(type.name, "<", types, ">{", members, ", params.columns}");
}

std::string StageSource::stage_expression(const StageRecipe& stage, const std::string& suffix) {
  const StageType& type = *stage.type;
  include(type.file);
  std::string types;
  std::string members;
  stage_values(
      stage, types, members,
      [&](const StageOperand& operand) { return concat(operand.argument, suffix); },
      [&](const std::string& index) {
        const std::string_view argument = type.tensors[0].argument;
        return concat(argument.empty() ? "stage" : argument, "_scalar", index, suffix);
      });
  if (!types.empty()) types = concat("<", types, ">");
  return concat(type.name, types, "{", members, "}");
}

}  // namespace foundry::detail
