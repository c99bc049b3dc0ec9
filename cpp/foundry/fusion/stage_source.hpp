// StageSource: the source of a kernel as it is put together from stages: private to fusion.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/description.hpp"

namespace foundry::detail {

struct StageRecipe {
  const StageType* type = nullptr;
  /// None: the stage has none there, or it is left out.
  std::array<std::optional<DType>, kMaxStageTensors> tensors = {};
  std::uint32_t dims = 0;
};

/// Whether the stage, a prologue, has a result of its own.
[[nodiscard]] bool writes_result(const std::optional<StageRecipe>& stage);

class StageSource {
 public:
  explicit StageSource(const std::string& name) { description_.name = name; }

 protected:
  void line(const std::string& text) { description_.source.text += text + "\n"; }
  void include(std::string_view path) { description_.includes.emplace_back(path); }
  void tensor(const std::string& name, Access access, DType dtype) {
    description_.arguments.push_back(ArgumentDescription::buffer(name, access, dtype));
  }
  void scalar(const std::string& name) {
    description_.arguments.push_back(ArgumentDescription::value(name, DType::f32));
  }

  /// "RmsNorm<float, half>{x, prologue_weight, prologue_scalar, params.columns}", its tensors and
  /// scalars becoming arguments; without a stage "Direct<float>{x, params.columns}". `input` is
  /// where x begins, `stride` what there is from a token's input to the next.
  std::string prologue_expression(const std::optional<StageRecipe>& stage, DType x,
                                  const std::string& input, const std::string& stride);
  /// "Bias<half>{bias0_0}", likewise.
  std::string stage_expression(const StageRecipe& stage, const std::string& suffix);

  KernelDescription description_;

 private:
  template <class TensorName, class ScalarName>
  void stage_values(const StageRecipe& stage, std::string& types, std::string& members,
                    const TensorName& tensor_name, const ScalarName& scalar_name);
};

}  // namespace foundry::detail
