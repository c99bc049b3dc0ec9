// The operations that are no matrix products: each a class with keyword arguments.
#include "foundry/ops/ops.hpp"

#include <nanobind/stl/string.h>

#include "arguments.hpp"
#include "operation_text.hpp"

namespace foundry::python {
namespace {

namespace fo = foundry::ops;

template <class Op>
using Class = nb::class_<OperationOf<Op>, Operation>;

/// An epilogue with one tensor.
template <class Op>
void bind_epilogue(nb::module_& m, const char* name, ShownArgument<AnyTensor Op::*> argument,
                   const char* doc, const std::string& signature) {
  Class<Op>(m, name, doc)
      .def("__repr__", repr_of<Op>(argument))
      .def(
          "__init__",
          [=](OperationOf<Op>* self, nb::handle tensor) {
            new (self) OperationOf<Op>({Take(name)(tensor, argument.name)}, name);
          },
          nb::arg(argument.name) = nb::none(), nb::sig(signature.c_str()));
}

template <class Op>
void bind_activation(nb::module_& m, const char* name, const char* doc) {
  Class<Op>(m, name, doc)
      .def("__repr__", repr_of<Op>())
      .def("__init__", [=](OperationOf<Op>* self) { new (self) OperationOf<Op>(Op{}, name); });
}

fo::RopeSettings rope_settings(const Take& take, float base, bool interleaved, nb::handle factors) {
  return {base, interleaved, take.optional(factors, "factors")};
}

void bind_attention(nb::module_& m) {
  nb::enum_<fo::AttentionForm>(m, "AttentionForm", "Which attention kernel runs.")
      .value("automatic", fo::AttentionForm::automatic)
      .value("decode", fo::AttentionForm::decode)
      .value("prefill", fo::AttentionForm::prefill);
  m.attr("MAX_ATTENTION_SPLITS") = fo::kMaxAttentionSplits;
  m.def("attention_scratch", &fo::attention_scratch, nb::arg("tokens"), nb::arg("heads"),
        nb::arg("head_dim"), nb::arg("splits") = fo::kMaxAttentionSplits,
        "Elements of f32 scratch with which Attention can split a context into so many parts.");
  Class<fo::Attention>(
      m, "Attention",
      "y = softmax(scale q K^T + mask) V over the cache, grouped-query, online softmax in f32 (Dao "
      "et al. 2022). q, y: (tokens, heads, head_dim); k_cache, v_cache: (capacity, kv_heads, "
      "head_dim). Token t stands at position start + t and attends to positions 0 to start + t, "
      "without causal to start + tokens - 1, with a window to the last `window` of them. mask: "
      "(tokens, positions) or (heads, tokens, positions), added to the scores; a query that may "
      "attend to nothing gives zeros. soft_cap: scores become soft_cap * tanh(score / soft_cap). "
      "scratch: f32, attention_scratch() elements; with it, decoding splits long contexts. "
      "ShapeError, DTypeError and ArgumentError with the sizes.")
      .def("__repr__",
           repr_of<fo::Attention>(
               shown("q", &fo::Attention::q), shown("k_cache", &fo::Attention::k_cache),
               shown("v_cache", &fo::Attention::v_cache), shown("y", &fo::Attention::y),
               shown("start", &fo::Attention::start), shown("scale", &fo::Attention::scale),
               shown("window", &fo::Attention::window), shown("form", &fo::Attention::form),
               shown("causal", &fo::Attention::causal), shown("soft_cap", &fo::Attention::soft_cap),
               shown("mask", &fo::Attention::mask), shown("scratch", &fo::Attention::scratch),
               shown("splits", &fo::Attention::splits)))
      .def(
          "__init__",
          [](OperationOf<fo::Attention>* self, nb::handle q, nb::handle k_cache, nb::handle v_cache,
             nb::handle y, nb::handle start, float scale, std::uint32_t window,
             fo::AttentionForm form, bool causal, float soft_cap, nb::handle mask,
             nb::handle scratch, std::uint32_t splits) {
            const Take take("Attention");
            new (self) OperationOf<fo::Attention>(
                {take(q, "q"), take(k_cache, "k_cache"), take(v_cache, "v_cache"), take(y, "y"),
                 take.scalar<std::uint32_t>(start, "start"), scale, window, form, causal, soft_cap,
                 take.optional(mask, "mask"), take.optional(scratch, "scratch"), splits},
                "Attention");
          },
          nb::arg("q") = nb::none(), nb::arg("k_cache") = nb::none(),
          nb::arg("v_cache") = nb::none(), nb::arg("y") = nb::none(), nb::kw_only(),
          nb::arg("start") = 0, nb::arg("scale") = 0.0f, nb::arg("window") = 0,
          nb::arg("form") = fo::AttentionForm::automatic, nb::arg("causal") = true,
          nb::arg("soft_cap") = 0.0f, nb::arg("mask") = nb::none(), nb::arg("scratch") = nb::none(),
          nb::arg("splits") = 0,
          nb::sig("def __init__(self, q: Tensor, k_cache: Tensor, v_cache: Tensor, y: Tensor, *, "
                  "start: int | Parameter = 0, scale: float = 0.0, window: int = 0, form: "
                  "AttentionForm = "
                  "..., causal: bool = True, soft_cap: float = 0.0, mask: Tensor | None = None, "
                  "scratch: Tensor | None = None, splits: int = 0) -> None"))
      .def_prop_rw(
          "start", [](const OperationOf<fo::Attention>& o) { return to_python(o.op().start); },
          [](OperationOf<fo::Attention>& o, nb::handle start) {
            o.op().start = to_scalar<std::uint32_t>("Attention", start, "start");
          },
          nb::for_getter(nb::sig("def start(self) -> int | Parameter")),
          nb::for_setter(nb::sig("def start(self, value: int | Parameter, /) -> None")),
          "Position of the first token.");
}

void bind_rope(nb::module_& m) {
  Class<fo::Rope>(
      m, "Rope",
      "Rotary position embedding. x, y: (tokens, heads, head_dim); y may be x. "
      "interleaved: pairs (2i, 2i + 1), as in GGUF's Llama tensors; else NeoX's. As a stage "
      "of a fused kernel only base, interleaved and factors count.")
      .def("__repr__",
           repr_of<fo::Rope>(
               shown("x", &fo::Rope::x), shown("y", &fo::Rope::y), shown("start", &fo::Rope::start),
               shown("base", [](const fo::Rope& o) { return o.settings.base; }),
               shown("interleaved", [](const fo::Rope& o) { return o.settings.interleaved; }),
               shown("factors", [](const fo::Rope& o) { return o.settings.factors; })))
      .def(
          "__init__",
          [](OperationOf<fo::Rope>* self, nb::handle x, nb::handle y, nb::handle start, float base,
             bool interleaved, nb::handle factors) {
            const Take take("Rope");
            new (self) OperationOf<fo::Rope>({take.optional(x, "x"), take.optional(y, "y"),
                                              take.scalar<std::uint32_t>(start, "start"),
                                              rope_settings(take, base, interleaved, factors)},
                                             "Rope");
          },
          nb::arg("x") = nb::none(), nb::arg("y") = nb::none(), nb::kw_only(), nb::arg("start") = 0,
          nb::arg("base") = 10000.0f, nb::arg("interleaved") = true,
          nb::arg("factors") = nb::none(),
          nb::sig("def __init__(self, x: Tensor | None = None, y: Tensor | None = None, *, start: "
                  "int | Parameter = 0, base: float = "
                  "10000.0, interleaved: bool = True, factors: Tensor | None = None) -> None"));
  Class<fo::RopeKvWrite>(m, "RopeKvWrite",
                         "Turns q in place, turns k into the cache, and copies v into the cache. "
                         "q: (tokens, heads, head_dim); k, v: (tokens, kv_heads, head_dim); the "
                         "caches: (capacity, kv_heads, head_dim).")
      .def(
          "__repr__",
          repr_of<fo::RopeKvWrite>(
              shown("q", &fo::RopeKvWrite::q), shown("k", &fo::RopeKvWrite::k),
              shown("v", &fo::RopeKvWrite::v), shown("k_cache", &fo::RopeKvWrite::k_cache),
              shown("v_cache", &fo::RopeKvWrite::v_cache), shown("start", &fo::RopeKvWrite::start),
              shown("base", [](const fo::RopeKvWrite& o) { return o.settings.base; }),
              shown("interleaved", [](const fo::RopeKvWrite& o) { return o.settings.interleaved; }),
              shown("factors", [](const fo::RopeKvWrite& o) { return o.settings.factors; })))
      .def(
          "__init__",
          [](OperationOf<fo::RopeKvWrite>* self, nb::handle q, nb::handle k, nb::handle v,
             nb::handle k_cache, nb::handle v_cache, nb::handle start, float base, bool interleaved,
             nb::handle factors) {
            const Take take("RopeKvWrite");
            new (self) OperationOf<fo::RopeKvWrite>(
                {take(q, "q"), take(k, "k"), take(v, "v"), take(k_cache, "k_cache"),
                 take(v_cache, "v_cache"), take.scalar<std::uint32_t>(start, "start"),
                 rope_settings(take, base, interleaved, factors)},
                "RopeKvWrite");
          },
          nb::arg("q") = nb::none(), nb::arg("k") = nb::none(), nb::arg("v") = nb::none(),
          nb::arg("k_cache") = nb::none(), nb::arg("v_cache") = nb::none(), nb::kw_only(),
          nb::arg("start") = 0, nb::arg("base") = 10000.0f, nb::arg("interleaved") = true,
          nb::arg("factors") = nb::none(),
          nb::sig("def __init__(self, q: Tensor, k: Tensor, v: Tensor, k_cache: Tensor, v_cache: "
                  "Tensor, *, start: int | Parameter = 0, base: float = 10000.0, interleaved: bool "
                  "= True, "
                  "factors: Tensor | None = None) -> None"))
      .def_prop_rw(
          "start", [](const OperationOf<fo::RopeKvWrite>& o) { return to_python(o.op().start); },
          [](OperationOf<fo::RopeKvWrite>& o, nb::handle start) {
            o.op().start = to_scalar<std::uint32_t>("RopeKvWrite", start, "start");
          },
          nb::for_getter(nb::sig("def start(self) -> int | Parameter")),
          nb::for_setter(nb::sig("def start(self, value: int | Parameter, /) -> None")),
          "Position of the first token.");
  Class<fo::KvWrite>(m, "KvWrite",
                     "k and v, (tokens, kv_heads, head_dim), into positions start and on of the "
                     "caches, (capacity, kv_heads, head_dim).")
      .def("__repr__",
           repr_of<fo::KvWrite>(shown("k", &fo::KvWrite::k), shown("v", &fo::KvWrite::v),
                                shown("k_cache", &fo::KvWrite::k_cache),
                                shown("v_cache", &fo::KvWrite::v_cache),
                                shown("start", &fo::KvWrite::start)))
      .def(
          "__init__",
          [](OperationOf<fo::KvWrite>* self, nb::handle k, nb::handle v, nb::handle k_cache,
             nb::handle v_cache, nb::handle start) {
            const Take take("KvWrite");
            new (self) OperationOf<fo::KvWrite>(
                {take(k, "k"), take(v, "v"), take(k_cache, "k_cache"), take(v_cache, "v_cache"),
                 take.scalar<std::uint32_t>(start, "start")},
                "KvWrite");
          },
          nb::arg("k") = nb::none(), nb::arg("v") = nb::none(), nb::arg("k_cache") = nb::none(),
          nb::arg("v_cache") = nb::none(), nb::kw_only(), nb::arg("start") = 0,
          nb::sig("def __init__(self, k: Tensor, v: Tensor, k_cache: Tensor, v_cache: Tensor, *, "
                  "start: int | Parameter = 0) -> None"));
}

void bind_sampling(nb::module_& m) {
  Class<fo::Argmax>(
      m, "Argmax",
      "Index of each row's largest element. x: (columns,) or (rows, columns); y: "
      "(rows,) i32 or u32. As numpy: of equal elements the first, the first NaN above "
      "all. With finite_only a row whose largest is NaN or infinite gives ~index.")
      .def("__repr__", repr_of<fo::Argmax>(shown("x", &fo::Argmax::x), shown("y", &fo::Argmax::y),
                                           shown("finite_only", &fo::Argmax::finite_only)))
      .def(
          "__init__",
          [](OperationOf<fo::Argmax>* self, nb::handle x, nb::handle y, bool finite_only) {
            const Take take("Argmax");
            new (self) OperationOf<fo::Argmax>({take(x, "x"), take(y, "y"), finite_only}, "Argmax");
          },
          nb::arg("x") = nb::none(), nb::arg("y") = nb::none(), nb::kw_only(),
          nb::arg("finite_only") = false,
          nb::sig(
              "def __init__(self, x: Tensor, y: Tensor, *, finite_only: bool = False) -> None"));
  using Sample = OperationOf<fo::Sample>;
  Class<fo::Sample>(m, "Sample",
                    "Draws a token: penalties, top-k, top-p, min-p, temperature. logits: "
                    "(columns,); scratch: (columns,) f32; token: (1,) i32 or u32; counts: "
                    "(columns,) u32, occurrences of each token so far. The draw depends on seed "
                    "and step alone. Where a logit is NaN or +inf, or all are -inf, the token is "
                    "~i, below zero, of the first of those.")
      .def("__repr__",
           repr_of<fo::Sample>(
               shown("logits", &fo::Sample::logits), shown("scratch", &fo::Sample::scratch),
               shown("token", &fo::Sample::token), shown("counts", &fo::Sample::counts),
               shown("repetition_penalty",
                     [](const fo::Sample& o) { return o.settings.repetition_penalty; }),
               shown("frequency_penalty",
                     [](const fo::Sample& o) { return o.settings.frequency_penalty; }),
               shown("presence_penalty",
                     [](const fo::Sample& o) { return o.settings.presence_penalty; }),
               shown("top_k", [](const fo::Sample& o) { return o.settings.top_k; }),
               shown("top_p", [](const fo::Sample& o) { return o.settings.top_p; }),
               shown("min_p", [](const fo::Sample& o) { return o.settings.min_p; }),
               shown("temperature", [](const fo::Sample& o) { return o.settings.temperature; }),
               shown("seed", [](const fo::Sample& o) { return o.settings.seed; }),
               shown("step", &fo::Sample::step)))
      .def(
          "__init__",
          [](Sample* self, nb::handle logits, nb::handle scratch, nb::handle token,
             nb::handle counts, float repetition_penalty, float frequency_penalty,
             float presence_penalty, std::uint32_t top_k, float top_p, float min_p,
             float temperature, nb::handle seed, nb::handle step) {
            const Take take("Sample");
            new (self)
                Sample({take(logits, "logits"),
                        take(scratch, "scratch"),
                        take(token, "token"),
                        take.optional(counts, "counts"),
                        {repetition_penalty, frequency_penalty, presence_penalty, top_k, top_p,
                         min_p, temperature, take.scalar<std::uint64_t>(seed, "seed")},
                        take.scalar<std::uint32_t>(step, "step")},
                       "Sample");
          },
          nb::arg("logits") = nb::none(), nb::arg("scratch") = nb::none(),
          nb::arg("token") = nb::none(), nb::arg("counts") = nb::none(), nb::kw_only(),
          nb::arg("repetition_penalty") = 1.0f, nb::arg("frequency_penalty") = 0.0f,
          nb::arg("presence_penalty") = 0.0f, nb::arg("top_k") = 0, nb::arg("top_p") = 1.0f,
          nb::arg("min_p") = 0.0f, nb::arg("temperature") = 1.0f, nb::arg("seed") = 0,
          nb::arg("step") = 0,
          nb::sig("def __init__(self, logits: Tensor, scratch: Tensor, token: Tensor, counts: "
                  "Tensor | None = None, *, repetition_penalty: float = 1.0, frequency_penalty: "
                  "float = 0.0, presence_penalty: float = 0.0, top_k: int = 0, top_p: float = "
                  "1.0, min_p: float = 0.0, temperature: float = 1.0, seed: int | Parameter = 0, "
                  "step: int | Parameter = 0) -> None"));
  Class<fo::AppendToken>(m, "AppendToken",
                         "ring[position % capacity] = token; with counts, to which Sample added "
                         "it, the token `window` positions before is taken off. token: (1,) i32 or "
                         "u32; ring: (capacity,) of the same dtype; counts: (columns,) u32.")
      .def("__repr__", repr_of<fo::AppendToken>(shown("token", &fo::AppendToken::token),
                                                shown("ring", &fo::AppendToken::ring),
                                                shown("counts", &fo::AppendToken::counts),
                                                shown("position", &fo::AppendToken::position),
                                                shown("window", &fo::AppendToken::window)))
      .def(
          "__init__",
          [](OperationOf<fo::AppendToken>* self, nb::handle token, nb::handle ring,
             nb::handle counts, nb::handle position, std::uint32_t window) {
            const Take take("AppendToken");
            new (self) OperationOf<fo::AppendToken>(
                {take(token, "token"), take(ring, "ring"), take.optional(counts, "counts"),
                 take.scalar<std::uint32_t>(position, "position"), window},
                "AppendToken");
          },
          nb::arg("token") = nb::none(), nb::arg("ring") = nb::none(),
          nb::arg("counts") = nb::none(), nb::kw_only(), nb::arg("position") = 0,
          nb::arg("window") = 0,
          nb::sig("def __init__(self, token: Tensor, ring: Tensor, counts: Tensor | None = None, "
                  "*, position: int | Parameter = 0, window: int = 0) -> None"));
  Class<fo::CountTokens>(m, "CountTokens",
                         "counts[id] += 1 for every id. ids: (tokens,) i32 or u32; counts: "
                         "(columns,) u32.")
      .def("__repr__", repr_of<fo::CountTokens>(shown("ids", &fo::CountTokens::ids),
                                                shown("counts", &fo::CountTokens::counts)))
      .def(
          "__init__",
          [](OperationOf<fo::CountTokens>* self, nb::handle ids, nb::handle counts) {
            const Take take("CountTokens");
            new (self) OperationOf<fo::CountTokens>({take(ids, "ids"), take(counts, "counts")},
                                                    "CountTokens");
          },
          nb::arg("ids") = nb::none(), nb::arg("counts") = nb::none(),
          nb::sig("def __init__(self, ids: Tensor, counts: Tensor) -> None"));
}

void bind_embedding(nb::module_& m) {
  Class<fo::Embedding>(m, "Embedding",
                       "Rows of a table by token id. table: (rows, columns), any format with a "
                       "policy; ids: (tokens,) i32 or u32; y: (tokens, columns). An id outside of "
                       "the table gives a row of NaN.")
      .def("__repr__",
           repr_of<fo::Embedding>(shown("table", &fo::Embedding::table),
                                  shown("ids", &fo::Embedding::ids), shown("y", &fo::Embedding::y)))
      .def(
          "__init__",
          [](OperationOf<fo::Embedding>* self, nb::handle table, nb::handle ids, nb::handle y) {
            const Take take("Embedding");
            new (self) OperationOf<fo::Embedding>(
                {take(table, "table"), take(ids, "ids"), take(y, "y")}, "Embedding");
          },
          nb::arg("table") = nb::none(), nb::arg("ids") = nb::none(), nb::arg("y") = nb::none(),
          nb::sig("def __init__(self, table: Tensor, ids: Tensor, y: Tensor) -> None"));
}

}  // namespace

void bind_ops(nb::module_& m) {
  bind_embedding(m);
  bind_rope(m);
  bind_attention(m);
  bind_sampling(m);
  bind_epilogue<fo::Bias>(m, "Bias", shown("bias", &fo::Bias::bias), "Epilogue: value + bias[row].",
                          "def __init__(self, bias: Tensor) -> None");
  bind_epilogue<fo::Residual>(m, "Residual", shown("residual", &fo::Residual::residual),
                              "Epilogue: value + residual[token, row]; it may be the result.",
                              "def __init__(self, residual: Tensor) -> None");
  bind_activation<fo::Silu>(m, "Silu", "Epilogue: value * sigmoid(value).");
  bind_activation<fo::Gelu>(m, "Gelu", "Epilogue: GELU, tanh form.");
}

}  // namespace foundry::python
