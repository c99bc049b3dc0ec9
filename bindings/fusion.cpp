// Matrix products with prologue and epilogues, and fused kernels built from stages.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <vector>

#include "arguments.hpp"
#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/fusion/policy.hpp"
#include "foundry/ops/ops.hpp"
#include "operation_text.hpp"

namespace foundry::python {
namespace {

namespace fo = foundry::ops;

template <class Op>
using Class = nb::class_<OperationOf<Op>, Operation>;
using Fused = OperationOf<FusedKernel>;

void bind_linear(nb::module_& m) {
  Class<fo::Linear>(m, "Linear",
                    "y = x W^T: Gemv for one token, Gemm for more. x and y may be left out for a "
                    "part of a fused kernel.")
      .def("__repr__",
           repr_of<fo::Linear>(shown("weights", &fo::Linear::weights), shown("x", &fo::Linear::x),
                               shown("y", &fo::Linear::y), shown("prologue", &fo::Linear::prologue),
                               shown("epilogue", &fo::Linear::epilogues)))
      .def(
          "__init__",
          [](OperationOf<fo::Linear>* self, nb::handle weights, nb::handle x, nb::handle y,
             nb::handle prologue, nb::handle epilogue) {
            const Take take("Linear");
            new (self) OperationOf<fo::Linear>(
                {take(weights, "weights"), take.optional(x, "x"), take.optional(y, "y"),
                 take.stage(prologue, "prologue"), take.stages(epilogue, "epilogue")},
                "Linear");
          },
          nb::arg("weights") = nb::none(), nb::arg("x") = nb::none(), nb::arg("y") = nb::none(),
          nb::kw_only(), nb::arg("prologue") = nb::none(), nb::arg("epilogue") = nb::none(),
          nb::sig("def __init__(self, weights: Tensor, x: Tensor | None = None, y: Tensor | None "
                  "= None, *, prologue: Operation | None = None, epilogue: Operation | "
                  "collections.abc.Sequence[Operation] | None = None) -> None"));
}

void bind_gemm(nb::module_& m) {
  nb::enum_<LinearForm>(m, "LinearForm", "How a product runs.")
      .value("automatic", LinearForm::automatic, "gemv for one token, gemm for more")
      .value("gemv", LinearForm::gemv, "one token")
      .value("gemm", LinearForm::gemm, "by lanes or by matrices, whichever suits the device")
      .value("gemm_lanes", LinearForm::gemm_lanes, "a lane is a token")
      .value("gemm_matrices", LinearForm::gemm_matrices, "on simdgroup matrices");
  Class<fo::Gemm>(m, "Gemm",
                  "y = x W^T for many tokens. weights: (rows, columns), any format with a policy; "
                  "x: (tokens, columns); y: (tokens, rows). form: gemm lets the device choose "
                  "between gemm_lanes and gemm_matrices.")
      .def("__repr__", repr_of<fo::Gemm>(
                           shown("weights", &fo::Gemm::weights), shown("x", &fo::Gemm::x),
                           shown("y", &fo::Gemm::y), shown("prologue", &fo::Gemm::prologue),
                           shown("epilogue", &fo::Gemm::epilogues), shown("form", &fo::Gemm::form)))
      .def(
          "__init__",
          [](OperationOf<fo::Gemm>* self, nb::handle weights, nb::handle x, nb::handle y,
             nb::handle prologue, nb::handle epilogue, LinearForm form) {
            const Take take("Gemm");
            new (self) OperationOf<fo::Gemm>(
                {take(weights, "weights"), take.optional(x, "x"), take.optional(y, "y"),
                 take.stage(prologue, "prologue"), take.stages(epilogue, "epilogue"), form},
                "Gemm");
          },
          nb::arg("weights") = nb::none(), nb::arg("x") = nb::none(), nb::arg("y") = nb::none(),
          nb::kw_only(), nb::arg("prologue") = nb::none(), nb::arg("epilogue") = nb::none(),
          nb::arg("form") = LinearForm::gemm,
          nb::sig("def __init__(self, weights: Tensor, x: Tensor | None = None, y: Tensor | None "
                  "= None, *, prologue: Operation | None = None, epilogue: Operation | "
                  "collections.abc.Sequence[Operation] | None = None, form: LinearForm = ...) -> "
                  "None"));
}

void bind_gemv(nb::module_& m) {
  Class<fo::Gemv>(m, "Gemv",
                  "y = W x for one token. weights: (rows, columns), any format with a policy; x: "
                  "(columns,); y: (rows,). x and y may be left out for a part of a fused kernel. "
                  "rows_per_simdgroup (1 to 8) and simdgroups (1 to 32): 0 lets the device choose.")
      .def("__repr__",
           repr_of<fo::Gemv>(shown("weights", &fo::Gemv::weights), shown("x", &fo::Gemv::x),
                             shown("y", &fo::Gemv::y), shown("prologue", &fo::Gemv::prologue),
                             shown("epilogue", &fo::Gemv::epilogues),
                             shown("rows_per_simdgroup", &fo::Gemv::rows_per_simdgroup),
                             shown("simdgroups", &fo::Gemv::simdgroups)))
      .def(
          "__init__",
          [](OperationOf<fo::Gemv>* self, nb::handle weights, nb::handle x, nb::handle y,
             nb::handle prologue, nb::handle epilogue, std::uint32_t rows_per_simdgroup,
             std::uint32_t simdgroups) {
            const Take take("Gemv");
            new (self) OperationOf<fo::Gemv>(
                {take(weights, "weights"), take.optional(x, "x"), take.optional(y, "y"),
                 take.stage(prologue, "prologue"), take.stages(epilogue, "epilogue"),
                 rows_per_simdgroup, simdgroups},
                "Gemv");
          },
          nb::arg("weights") = nb::none(), nb::arg("x") = nb::none(), nb::arg("y") = nb::none(),
          nb::kw_only(), nb::arg("prologue") = nb::none(), nb::arg("epilogue") = nb::none(),
          nb::arg("rows_per_simdgroup") = 0, nb::arg("simdgroups") = 0,
          nb::sig("def __init__(self, weights: Tensor, x: Tensor | None = None, y: Tensor | None "
                  "= None, *, prologue: Operation | None = None, epilogue: Operation | "
                  "collections.abc.Sequence[Operation] | None = None, rows_per_simdgroup: int = "
                  "0, simdgroups: int = 0) -> None"));
}

void bind_gated_linear(nb::module_& m) {
  Class<fo::GatedLinear>(m, "GatedLinear",
                         "y = activation(x G^T) * (x U^T) in one kernel: SwiGLU with Silu, GeGLU "
                         "with Gelu. gate, up: (rows, columns); x: (columns,) or (tokens, "
                         "columns); y: (rows,) or (tokens, rows).")
      .def("__repr__", repr_of<fo::GatedLinear>(
                           shown("gate", &fo::GatedLinear::gate), shown("up", &fo::GatedLinear::up),
                           shown("x", &fo::GatedLinear::x), shown("y", &fo::GatedLinear::y),
                           shown("prologue", &fo::GatedLinear::prologue),
                           shown("activation", &fo::GatedLinear::activation),
                           shown("epilogue", &fo::GatedLinear::epilogues)))
      .def(
          "__init__",
          [](OperationOf<fo::GatedLinear>* self, nb::handle gate, nb::handle up, nb::handle x,
             nb::handle y, nb::handle prologue, nb::handle activation, nb::handle epilogue) {
            const Take take("GatedLinear");
            fo::GatedLinear op;
            op.gate = take(gate, "gate");
            op.up = take(up, "up");
            op.x = take.optional(x, "x");
            op.y = take.optional(y, "y");
            op.prologue = take.stage(prologue, "prologue");
            if (const auto chosen = take.stage(activation, "activation")) op.activation = *chosen;
            op.epilogues = take.stages(epilogue, "epilogue");
            new (self) OperationOf<fo::GatedLinear>(std::move(op), "GatedLinear");
          },
          nb::arg("gate") = nb::none(), nb::arg("up") = nb::none(), nb::arg("x") = nb::none(),
          nb::arg("y") = nb::none(), nb::kw_only(), nb::arg("prologue") = nb::none(),
          nb::arg("activation") = nb::none(), nb::arg("epilogue") = nb::none(),
          nb::sig("def __init__(self, gate: Tensor, up: Tensor, x: Tensor | None = None, y: "
                  "Tensor | None = None, *, prologue: Operation | None = None, activation: "
                  "Operation | None = None, epilogue: Operation | "
                  "collections.abc.Sequence[Operation] | None = None) -> None"));
}

void bind_rms_norm(nb::module_& m) {
  Class<fo::RmsNorm>(m, "RmsNorm",
                     "y = x / sqrt(mean(x^2) + epsilon) * weight, sums in f32. x, y: (columns,) or "
                     "(rows, columns); weight: (columns,). As a prologue only weight and epsilon "
                     "count. Zhang & Sennrich 2019.")
      .def("__repr__",
           repr_of<fo::RmsNorm>(shown("weight", &fo::RmsNorm::weight),
                                shown("epsilon", &fo::RmsNorm::epsilon),
                                shown("x", &fo::RmsNorm::x), shown("y", &fo::RmsNorm::y)))
      .def(
          "__init__",
          [](OperationOf<fo::RmsNorm>* self, nb::handle weight, float epsilon, nb::handle x,
             nb::handle y) {
            const Take take("RmsNorm");
            new (self) OperationOf<fo::RmsNorm>(
                {take(weight, "weight"), epsilon, take.optional(x, "x"), take.optional(y, "y")},
                "RmsNorm");
          },
          nb::arg("weight") = nb::none(), nb::arg("epsilon") = 1e-5f, nb::arg("x") = nb::none(),
          nb::arg("y") = nb::none(),
          nb::sig("def __init__(self, weight: Tensor, epsilon: float = 1e-05, x: Tensor | None = "
                  "None, y: Tensor | None = None) -> None"));
}

void bind_qkv_linear(nb::module_& m) {
  using Qkv = OperationOf<fo::QkvLinear>;
  Class<fo::QkvLinear>(
      m, "QkvLinear",
      "The input half of attention for one token, in one kernel: q, k and v with their biases and "
      "head norms, RoPE, and the write to position start of the cache. query: (heads * head_dim, "
      "columns); key, value: (kv_heads * head_dim, columns); x: (columns,); q: (1, heads, "
      "head_dim); the caches: (capacity, kv_heads, head_dim).")
      .def("__repr__",
           repr_of<fo::QkvLinear>(
               shown("query", &fo::QkvLinear::query), shown("key", &fo::QkvLinear::key),
               shown("value", &fo::QkvLinear::value), shown("x", &fo::QkvLinear::x),
               shown("q", &fo::QkvLinear::q), shown("k_cache", &fo::QkvLinear::k_cache),
               shown("v_cache", &fo::QkvLinear::v_cache), shown("start", &fo::QkvLinear::start),
               shown("base", [](const fo::QkvLinear& o) { return o.settings.base; }),
               shown("interleaved", [](const fo::QkvLinear& o) { return o.settings.interleaved; }),
               shown("factors", [](const fo::QkvLinear& o) { return o.settings.factors; }),
               shown("prologue", &fo::QkvLinear::prologue),
               shown("query_bias", &fo::QkvLinear::query_bias),
               shown("key_bias", &fo::QkvLinear::key_bias),
               shown("value_bias", &fo::QkvLinear::value_bias),
               shown("query_norm", &fo::QkvLinear::query_norm),
               shown("key_norm", &fo::QkvLinear::key_norm),
               shown("norm_epsilon", &fo::QkvLinear::norm_epsilon)))
      .def(
          "__init__",
          [](Qkv* self, nb::handle query, nb::handle key, nb::handle value, nb::handle x,
             nb::handle q, nb::handle k_cache, nb::handle v_cache, nb::handle start, float base,
             bool interleaved, nb::handle factors, nb::handle prologue, nb::handle query_bias,
             nb::handle key_bias, nb::handle value_bias, nb::handle query_norm, nb::handle key_norm,
             float norm_epsilon) {
            const Take take("QkvLinear");
            new (self) Qkv({take(query, "query"),
                            take(key, "key"),
                            take(value, "value"),
                            take(x, "x"),
                            take(q, "q"),
                            take(k_cache, "k_cache"),
                            take(v_cache, "v_cache"),
                            take.scalar<std::uint32_t>(start, "start"),
                            {base, interleaved, take.optional(factors, "factors")},
                            take.stage(prologue, "prologue"),
                            take.optional(query_bias, "query_bias"),
                            take.optional(key_bias, "key_bias"),
                            take.optional(value_bias, "value_bias"),
                            take.optional(query_norm, "query_norm"),
                            take.optional(key_norm, "key_norm"),
                            norm_epsilon},
                           "QkvLinear");
          },
          nb::arg("query") = nb::none(), nb::arg("key") = nb::none(), nb::arg("value") = nb::none(),
          nb::arg("x") = nb::none(), nb::arg("q") = nb::none(), nb::arg("k_cache") = nb::none(),
          nb::arg("v_cache") = nb::none(), nb::kw_only(), nb::arg("start") = 0,
          nb::arg("base") = 10000.0f, nb::arg("interleaved") = true,
          nb::arg("factors") = nb::none(), nb::arg("prologue") = nb::none(),
          nb::arg("query_bias") = nb::none(), nb::arg("key_bias") = nb::none(),
          nb::arg("value_bias") = nb::none(), nb::arg("query_norm") = nb::none(),
          nb::arg("key_norm") = nb::none(), nb::arg("norm_epsilon") = 1e-6f,
          nb::sig("def __init__(self, query: Tensor, key: Tensor, value: Tensor, x: Tensor, q: "
                  "Tensor, k_cache: Tensor, v_cache: Tensor, *, start: int | Parameter = 0, base: "
                  "float = "
                  "10000.0, interleaved: bool = True, factors: Tensor | None = None, prologue: "
                  "Operation | None = None, query_bias: Tensor | None = None, key_bias: Tensor | "
                  "None = None, value_bias: Tensor | None = None, query_norm: Tensor | None = "
                  "None, key_norm: Tensor | None = None, norm_epsilon: float = 1e-06) -> None"))
      .def_prop_rw(
          "start", [](const Qkv& o) { return to_python(o.op().start); },
          [](Qkv& o, nb::handle start) {
            o.op().start = to_scalar<std::uint32_t>("QkvLinear", start, "start");
          },
          nb::for_getter(nb::sig("def start(self) -> int | Parameter")),
          nb::for_setter(nb::sig("def start(self, value: int | Parameter, /) -> None")),
          "Position of the token.");
  Class<fo::HeadNorm>(m, "HeadNorm",
                      "Head stage: RMSNorm of every head by itself (Qwen 3, Gemma 3). weight: "
                      "(head_dim,).")
      .def("__repr__", repr_of<fo::HeadNorm>(shown("weight", &fo::HeadNorm::weight),
                                             shown("epsilon", &fo::HeadNorm::epsilon)))
      .def(
          "__init__",
          [](OperationOf<fo::HeadNorm>* self, nb::handle weight, float epsilon) {
            new (self) OperationOf<fo::HeadNorm>({Take("HeadNorm")(weight, "weight"), epsilon},
                                                 "HeadNorm");
          },
          nb::arg("weight") = nb::none(), nb::arg("epsilon") = 1e-6f,
          nb::sig("def __init__(self, weight: Tensor, epsilon: float = 1e-06) -> None"));
  Class<fo::CacheWrite>(m, "CacheWrite",
                        "Store: the result goes to position start of y, a (capacity, heads, "
                        "head_dim) cache; build() takes start.")
      .def("__repr__", repr_of<fo::CacheWrite>())
      .def("__init__", [](OperationOf<fo::CacheWrite>* self) {
        new (self) OperationOf<fo::CacheWrite>({}, "CacheWrite");
      });
}

std::unique_ptr<Fused> build(const FusedKernelBuilder& kernel, nb::handle x, nb::handle y,
                             nb::handle start) {
  const Take take(kernel.name().c_str());
  std::vector<AnyTensor> outputs;
  if (nb::isinstance<nb::list>(y) || nb::isinstance<nb::tuple>(y)) {
    for (nb::handle output : nb::iter(y)) outputs.push_back(take(output, "y"));
  } else {
    outputs.push_back(take(y, "y"));
  }
  return std::make_unique<Fused>(
      kernel.build(take(x, "x"), std::move(outputs), take.scalar<std::uint32_t>(start, "start")),
      "FusedKernel");
}

}  // namespace

void bind_fusion(nb::module_& m) {
  m.def(
      "weight_formats",
      [] {
        std::vector<DType> formats;
        for (const Policy& policy : policies()) formats.push_back(policy.dtype);
        return formats;
      },
      "The element types and block formats that matrices of weights may have.");
  bind_gemv(m);
  bind_gemm(m);
  bind_linear(m);
  bind_gated_linear(m);
  bind_qkv_linear(m);
  bind_rms_norm(m);

  Class<FusedKernel>(m, "FusedKernel", "Stages in one kernel, ready to run.")
      .def("__repr__", [](const Fused& fused) { return "FusedKernel " + to_string(fused.op()); })
      .def_prop_rw(
          "start", [](const Fused& fused) { return to_python(fused.op().start); },
          [](Fused& fused, nb::handle start) {
            fused.op().start = to_scalar<std::uint32_t>("FusedKernel", start, "start");
          },
          nb::for_getter(nb::sig("def start(self) -> int | Parameter")),
          nb::for_setter(nb::sig("def start(self, value: int | Parameter, /) -> None")),
          "Position of the first token, for Rope and CacheWrite.");
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
           nb::arg("start") = 0,
           nb::sig("def build(self, x: Tensor, y: Tensor | collections.abc.Sequence[Tensor], *, "
                   "start: int | Parameter = 0) -> FusedKernel"),
           "The kernel with its input and one output for each main.");
}

}  // namespace foundry::python
