#include "foundry/ops/operation_text.hpp"

#include <variant>

namespace foundry::ops {
namespace {

const char* elements_text(Elements elements) {
  switch (elements) {
    case Elements::any:
      return "";
    case Elements::floats:
      return "f32, f16 or bf16";
    case Elements::plain:
      return "any type but a block";
    case Elements::index:
      return "i32 or u32";
    case Elements::weights:
      return "any format with a policy";
  }
  return "";
}

const char* presence_text(const FieldText& field) {
  if (field.presence == Presence::to_run) return "left out in a fused kernel";
  return field.presence == Presence::optional && field.role != Role::setting ? "optional" : "";
}

}  // namespace

std::string argument_text(const AnyTensor& tensor) {
  return tensor ? tensor.describe() : std::string();
}

std::string argument_text(const Number& number) {
  return std::visit([](auto value) { return value_text(value); }, number.value);
}

std::string argument_text(const Stage& stage) {
  if (!stage.type) return {};
  std::string tensors;
  for (const AnyTensor& tensor : stage.tensors) {
    if (tensor) tensors += concat(tensors.empty() ? "" : ", ", tensor.describe());
  }
  return concat(stage.type->name, "(", tensors, ")");
}

std::string argument_text(const std::optional<Stage>& stage) {
  return stage ? argument_text(*stage) : std::string();
}

std::string argument_text(const std::vector<Stage>& stages) {
  std::string text;
  for (const Stage& stage : stages) text += concat(text.empty() ? "" : ", ", argument_text(stage));
  return stages.size() > 1 ? concat("[", text, "]") : text;
}

std::string documentation_of(const FieldText& field) {
  std::string text = concat(field.name, ":");
  const char* separator = " ";
  for (const char* part :
       {presence_text(field), field.documentation, elements_text(field.elements)}) {
    if (!*part) continue;
    text += concat(separator, part);
    separator = "; ";
  }
  text += ".";
  if (field.in_place[0]) text += concat(" It may be ", field.in_place[0]);
  if (field.in_place[1]) text += concat(" or ", field.in_place[1]);
  if (field.in_place[0]) text += ".";
  return text;
}

}  // namespace foundry::ops
