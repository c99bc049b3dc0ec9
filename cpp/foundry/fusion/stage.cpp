#include "foundry/fusion/stage.hpp"

#include "foundry/core/concat.hpp"

namespace foundry {

std::string_view describe(StageKind kind) noexcept {
  switch (kind) {
    case StageKind::prologue:
      return "a prologue";
    case StageKind::gating:
      return "a gating";
    case StageKind::epilogue:
      return "an epilogue";
    case StageKind::head_norm:
    case StageKind::head_turn:
      return "a head stage";
    case StageKind::store:
      return "a store";
  }
  return "a stage";
}

std::string_view name_of(StageTensor tensor) noexcept {
  switch (tensor) {
    case StageTensor::none:
      return "none";
    case StageTensor::columns:
      return "columns";
    case StageTensor::input:
      return "input";
    case StageTensor::rows:
      return "rows";
    case StageTensor::tokens:
      return "tokens";
    case StageTensor::result:
      return "result";
    case StageTensor::head:
      return "head";
    case StageTensor::pairs:
      return "pairs";
  }
  return "";
}

std::string refusal(std::span<const Stage> before, const Stage& added) {
  if (added.type == nullptr) return "an empty stage";
  const StageType& type = *added.type;
  if (type.kind == StageKind::prologue) {
    return concat(type.name, " is a prologue and cannot be an epilogue");
  }
  if (type.kind == StageKind::gating) {
    return concat(type.name, " takes a gate and cannot be an epilogue");
  }
  for (const Stage& stage : before) {
    if (stage.type->kind < type.kind) continue;
    if (stage.type->kind == StageKind::head_turn && type.kind == StageKind::head_norm) continue;
    if (stage.type->kind == type.kind) {
      if (type.kind == StageKind::epilogue) continue;
      return concat(type.name, " is the second stage of its kind after ", stage.type->name,
                    "; a product has one at most");
    }
    return concat(type.name, ", ", describe(type.kind), ", cannot follow ", stage.type->name, ", ",
                  describe(stage.type->kind),
                  ": the order is epilogues, HeadNorm and Rope, CacheWrite");
  }
  return {};
}

}  // namespace foundry
