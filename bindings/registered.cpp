// Shader files, policies and stages of a user's own.
#include "foundry/fusion/registered.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>
#include <optional>
#include <string>

#include "arguments.hpp"
#include "foundry/kernel/shader_library.hpp"

namespace foundry::python {
namespace {

using OwnStage = OperationOf<Stage>;

struct StageTypeHandle {
  const StageType* type;

  const char* name() const { return type->name.data(); }  // interned, so it ends in a zero
};

std::unique_ptr<OwnStage> make_stage(const StageTypeHandle& self, nb::handle tensor,
                                     std::optional<float> scalar) {
  const StageType& type = *self.type;
  const auto refuse = [&](const char* what) {
    throw ArgumentError(concat("stage ", type.name, ": ", what));
  };
  Stage stage{.type = &type};
  if (type.tensors[0].shape != StageTensor::none) {
    stage.tensors[0] = Take(self.name())(tensor, "tensor");
  } else if (!tensor.is_none()) {
    refuse("it takes no tensor");
  }
  const bool has_scalar = type.scalars != 0;
  if (has_scalar != scalar.has_value()) {
    refuse(has_scalar ? "argument 'scalar' is missing" : "it takes no scalar");
  }
  stage.scalars[0] = scalar.value_or(0.0f);
  return std::make_unique<OwnStage>(std::move(stage), self.name());
}

}  // namespace

void bind_registered(nb::module_& m) {
  m.def(
      "register_shader", &register_shader, nb::arg("path"), nb::arg("text"),
      "Adds a shader file, \"lib/mine.metal\", that kernels, stages and policies of one's own may "
      "include. The same text again changes nothing; ArgumentError for another text of a path "
      "that exists.");
  m.def(
      "policy",
      [](DType dtype, const std::string& name, const std::string& source, std::uint32_t wide,
         std::uint32_t narrow) {
        register_policy({.dtype = dtype, .name = name, .wide = wide, .narrow = narrow}, source);
      },
      nb::arg("dtype"), nb::kw_only(), nb::arg("name"), nb::arg("source"), nb::arg("wide"),
      nb::arg("narrow") = 1,
      "Says how weights of a block format are read that has no policy yet, one of GGUF or one that "
      "`block_dtype()` made; from then on tensors, files, products and the embedding take it, for "
      "the rest of the process. source: MSL with the struct template `name` and the struct "
      "`name`Block, as shaders/lib/policy.metal says. wide, narrow: weights that a lane takes at "
      "once on a GPU, and on Anvil's CPU; 32 of them are whole blocks. The same again changes "
      "nothing; ArgumentError for a dtype that has another policy.");

  nb::enum_<StageKind>(m, "StageKind", "Where a stage stands in a fused kernel.")
      .value("prologue", StageKind::prologue, "Where the product takes its input from.")
      .value("gating", StageKind::gating, "Changes the results of a product and of its gate.")
      .value("epilogue", StageKind::epilogue, "Changes one result by itself.")
      .value("head_norm", StageKind::head_norm, "Needs a head's results all at once.")
      .value("head_turn", StageKind::head_turn, "Needs the two results of a pair at once.");
  nb::enum_<StageTensor>(m, "StageTensor", "Which shape a stage's own tensor has.")
      .value("none", StageTensor::none, "It has no tensor.")
      .value("columns", StageTensor::columns, "One value for each input element; a prologue's.")
      .value("input", StageTensor::input, "The input's shape; a prologue's.")
      .value("rows", StageTensor::rows, "One value for each output row; an epilogue's.")
      .value("tokens", StageTensor::tokens, "One value for each token; an epilogue's.")
      .value("result", StageTensor::result, "The result's shape; an epilogue's.")
      .value("head", StageTensor::head, "One value for each element of a head; a head norm's.")
      .value("pairs", StageTensor::pairs, "One value for each pair of a head; a turn's.");

  nb::class_<OwnStage, Operation>(m, "OwnStage", "A stage of one's own with its values.")
      .def("__repr__", [](const OwnStage& stage) { return std::string(stage.name()); });
  nb::class_<StageTypeHandle>(m, "StageType", "A kind of stage; a call gives it its values.")
      .def_prop_ro("name", [](const StageTypeHandle& self) { return std::string(self.name()); })
      .def("__repr__",
           [](const StageTypeHandle& self) { return concat("StageType ", self.name()); })
      .def("__call__", &make_stage, nb::arg("tensor") = nb::none(), nb::arg("scalar") = nb::none(),
           nb::sig("def __call__(self, tensor: Tensor | None = None, scalar: float | None = None) "
                   "-> OwnStage"),
           "The stage for `prologue()`, `epilogue()` and operations that take stages. "
           "ArgumentError for a value that it does not take, or that is missing.");
  m.def(
      "stage",
      [](const std::string& name, const std::string& source, StageKind kind, StageTensor tensor,
         bool scalar) {
        return StageTypeHandle{&register_stage({.kind = kind,
                                                .name = name,
                                                .tensors = {StageOperand{"value", tensor}},
                                                .scalars = static_cast<std::uint8_t>(scalar)},
                                               source)};
      },
      nb::arg("name"), nb::kw_only(), nb::arg("source"), nb::arg("kind") = StageKind::epilogue,
      nb::arg("tensor") = StageTensor::none, nb::arg("scalar") = false,
      "A kind of stage of one's own. source: MSL with the struct `name`: of an epilogue with "
      "apply(value, token, row, rows), as shaders/lib/epilogue.metal says; prologue.metal and "
      "heads.metal say it for the others. Its members: the tensor's pointer, for which the struct "
      "is a template of the element type, then the scalar, a float, as far as it has them. "
      "ArgumentError for a name that MSL does not allow, a tensor that the kind cannot have, and a "
      "source without the struct; KernelCompileError, when a kernel is first run, with the line.");
}

}  // namespace foundry::python
