// Fused kernels built from stages.
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <vector>

#include "arguments.hpp"
#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/fusion/policy.hpp"
#include "ops/groups.hpp"

namespace foundry::python {
namespace {

using Fused = OperationOf<FusedKernel>;

std::unique_ptr<Fused> build(const FusedKernelBuilder& kernel, nb::handle x, nb::handle y,
                             nb::handle start, nb::handle scratch, nb::handle places) {
  const Take take(kernel.name().c_str());
  std::vector<AnyTensor> outputs;
  if (nb::isinstance<nb::list>(y) || nb::isinstance<nb::tuple>(y)) {
    for (nb::handle output : nb::iter(y)) outputs.push_back(take(output, "y"));
  } else {
    outputs.push_back(take(y, "y"));
  }
  FusedKernel fused =
      kernel.build(take(x, "x"), std::move(outputs), take.scalar<std::uint32_t>(start, "start"));
  if (!scratch.is_none()) fused.scratch = take(scratch, "scratch");
  fused.places = take.optional(places, "places");
  return std::make_unique<Fused>(std::move(fused), "FusedKernel");
}

}  // namespace

void bind_fused_kernel(nb::module_& m) {
  nb::class_<Fused, Operation>(m, "FusedKernel", "Stages in one kernel, ready to run.")
      .def("__repr__", [](const Fused& fused) { return "FusedKernel " + to_string(fused.op()); })
      .def_prop_rw(
          "start", [](const Fused& fused) { return to_python(fused.op().start); },
          [](Fused& fused, nb::handle start) {
            fused.op().start = to_scalar<std::uint32_t>("FusedKernel", start, "start");
          },
          nb::for_getter(nb::sig("def start(self) -> int | Parameter")),
          nb::for_setter(nb::sig("def start(self, value: int | Parameter, /) -> None")),
          "Position of the first token, for Rope and CacheWrite.");
}

void bind_fusion(nb::module_& m) {
  m.def(
      "weight_formats",
      [] {
        std::vector<DType> formats;
        for (const Policy& policy : policies()) formats.push_back(policy.dtype);
        return formats;
      },
      "The element types and block formats that matrices of weights may have.");

  nb::class_<FusedKernelBuilder>(
      m, "FusedKernelBuilder",
      "Builds a fused kernel: a prologue, main products of one input, and "
      "the epilogues of each. ArgumentError for what does not fit.")
      .def(
          "__init__",
          [](FusedKernelBuilder* self, const std::string& name) {
            new (self) FusedKernelBuilder(name);
          },
          nb::arg("name"))
      .def_prop_ro("name", &FusedKernelBuilder::name)
      .def("__repr__",
           [](const FusedKernelBuilder& k) { return "FusedKernelBuilder " + to_string(k); })
      .def(
          "prologue",
          [](FusedKernelBuilder& k, const Operation& o) -> FusedKernelBuilder& {
            return k.prologue(o.stage());
          },
          nb::arg("stage"), nb::rv_policy::none)
      .def(
          "main",
          [](FusedKernelBuilder& k, const Operation& o) -> FusedKernelBuilder& {
            return k.main(o.main());
          },
          nb::arg("operation"), nb::rv_policy::none)
      .def(
          "epilogue",
          [](FusedKernelBuilder& k, const Operation& o) -> FusedKernelBuilder& {
            return k.epilogue(o.stage());
          },
          nb::arg("stage"), nb::rv_policy::none)
      .def("build", &build, nb::arg("x") = nb::none(), nb::arg("y") = nb::none(), nb::kw_only(),
           nb::arg("start") = 0, nb::arg("scratch") = nb::none(), nb::arg("places") = nb::none(),
           nb::sig("def build(self, x: Tensor, y: Tensor | collections.abc.Sequence[Tensor], *, "
                   "start: int | Parameter = 0, scratch: Tensor | None = None, places: Tensor | "
                   "None = None) -> FusedKernel"),
           "The kernel with its input and one output for each main. `scratch` is as Linear has it. "
           "For Rope and CacheWrite `start` is the first token's position, or `places`, u32 "
           "(tokens, "
           "2), have each token's position and its sequence, an index of the outermost dimension "
           "that caches have then.");
}

}  // namespace foundry::python
