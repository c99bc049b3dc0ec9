// Operations that make, move, convert and combine elements.
#include <nanobind/stl/string.h>

#include "arguments.hpp"
#include "foundry/ops/ops.hpp"
#include "operation_text.hpp"

namespace foundry::python {
namespace {

namespace fo = foundry::ops;

template <class Op>
using Class = nb::class_<OperationOf<Op>, Operation>;

/// An op of the form y = f(a, b) over tensors of one size.
template <class Op>
void bind_binary(nb::module_& m, const char* name, ShownArgument<AnyTensor Op::*> first,
                 ShownArgument<AnyTensor Op::*> second, const char* doc,
                 const std::string& signature) {
  Class<Op>(m, name, doc)
      .def("__repr__", repr_of<Op>(first, second, shown("y", &Op::y)))
      .def(
          "__init__",
          [=](OperationOf<Op>* self, nb::handle left, nb::handle right, nb::handle y) {
            const Take take(name);
            new (self) OperationOf<Op>(
                {take(left, first.name), take(right, second.name), take(y, "y")}, name);
          },
          nb::arg(first.name) = nb::none(), nb::arg(second.name) = nb::none(),
          nb::arg("y") = nb::none(), nb::sig(signature.c_str()));
}

/// An op of the form y = f(x).
template <class Op>
void bind_unary(nb::module_& m, const char* name, const char* doc) {
  Class<Op>(m, name, doc)
      .def("__repr__", repr_of<Op>(shown("x", &Op::x), shown("y", &Op::y)))
      .def(
          "__init__",
          [=](OperationOf<Op>* self, nb::handle x, nb::handle y) {
            const Take take(name);
            new (self) OperationOf<Op>({take(x, "x"), take(y, "y")}, name);
          },
          nb::arg("x") = nb::none(), nb::arg("y") = nb::none(),
          nb::sig("def __init__(self, x: Tensor, y: Tensor) -> None"));
}

void bind_binaries(nb::module_& m) {
  bind_binary<fo::Add>(m, "Add", shown("a", &fo::Add::a), shown("b", &fo::Add::b),
                       "y = a + b; y may be an operand. Any plain dtypes: in f32 if one of them is "
                       "a float type, else in y's integers, which wrap.",
                       "def __init__(self, a: Tensor, b: Tensor, y: Tensor) -> None");
  Class<fo::Multiply>(m, "Multiply",
                      "y = a * b; y may be an operand. Computes in the types that Add does. With a "
                      "alone an epilogue: value * a[token, row].")
      .def("__repr__",
           repr_of<fo::Multiply>(shown("a", &fo::Multiply::a), shown("b", &fo::Multiply::b),
                                 shown("y", &fo::Multiply::y)))
      .def(
          "__init__",
          [](OperationOf<fo::Multiply>* self, nb::handle a, nb::handle b, nb::handle y) {
            const Take take("Multiply");
            new (self) OperationOf<fo::Multiply>(
                {take(a, "a"), take.optional(b, "b"), take.optional(y, "y")}, "Multiply");
          },
          nb::arg("a") = nb::none(), nb::arg("b") = nb::none(), nb::arg("y") = nb::none(),
          nb::sig("def __init__(self, a: Tensor, b: Tensor | None = None, y: Tensor | None = None) "
                  "-> None"));
  bind_binary<fo::SwiGlu>(m, "SwiGlu", shown("gate", &fo::SwiGlu::gate),
                          shown("up", &fo::SwiGlu::up),
                          "y = silu(gate) * up, float types; y may be an operand. Shazeer 2020.",
                          "def __init__(self, gate: Tensor, up: Tensor, y: Tensor) -> None");
  bind_binary<fo::GeGlu>(m, "GeGlu", shown("gate", &fo::GeGlu::gate), shown("up", &fo::GeGlu::up),
                         "y = gelu(gate) * up, tanh form, float types; y may be an operand. "
                         "Shazeer 2020.",
                         "def __init__(self, gate: Tensor, up: Tensor, y: Tensor) -> None");
}

void bind_makers(nb::module_& m) {
  Class<fo::Fill>(m, "Fill",
                  "y = value everywhere, any plain dtype. A float type rounds it once; an integer "
                  "type holds it exactly, else ArgumentError with value, dtype and range.")
      .def("__repr__",
           repr_of<fo::Fill>(shown("y", &fo::Fill::y), shown("value", &fo::Fill::value)))
      .def(
          "__init__",
          [](OperationOf<fo::Fill>* self, nb::handle y, nb::handle value) {
            const Take take("Fill");
            new (self) OperationOf<fo::Fill>({take(y, "y"), take.number(value, "value")}, "Fill");
          },
          nb::arg("y") = nb::none(), nb::arg("value").none() = 0.0,
          nb::sig("def __init__(self, y: Tensor, value: float = 0.0) -> None"));
  Class<fo::Arange>(m, "Arange",
                    "y[i] = start + i * step, any plain dtype but bool; integers exactly. "
                    "ArgumentError where an integer type does not hold start or a result, with "
                    "both.")
      .def("__repr__",
           repr_of<fo::Arange>(shown("y", &fo::Arange::y), shown("start", &fo::Arange::start),
                               shown("step", &fo::Arange::step)))
      .def(
          "__init__",
          [](OperationOf<fo::Arange>* self, nb::handle y, nb::handle start, nb::handle step) {
            const Take take("Arange");
            new (self) OperationOf<fo::Arange>(
                {take(y, "y"), take.number(start, "start"), take.number(step, "step")}, "Arange");
          },
          nb::arg("y") = nb::none(), nb::arg("start").none() = 0.0, nb::arg("step").none() = 1.0,
          nb::sig("def __init__(self, y: Tensor, start: float = 0.0, step: float = 1.0) -> None"));
  Class<fo::RandomUniform>(m, "RandomUniform",
                           "y = low + (high - low) * u, u uniform in [0, 1): below high in every "
                           "float type. The numbers depend on seed, stream and index alone "
                           "(Philox4x32-10).")
      .def("__repr__", repr_of<fo::RandomUniform>(shown("y", &fo::RandomUniform::y),
                                                  shown("low", &fo::RandomUniform::low),
                                                  shown("high", &fo::RandomUniform::high),
                                                  shown("seed", &fo::RandomUniform::seed),
                                                  shown("stream", &fo::RandomUniform::stream)))
      .def(
          "__init__",
          [](OperationOf<fo::RandomUniform>* self, nb::handle y, float low, float high,
             std::uint64_t seed, std::uint64_t stream) {
            new (self) OperationOf<fo::RandomUniform>(
                {Take("RandomUniform")(y, "y"), low, high, seed, stream}, "RandomUniform");
          },
          nb::arg("y") = nb::none(), nb::arg("low") = 0.0f, nb::arg("high") = 1.0f, nb::kw_only(),
          nb::arg("seed") = 0, nb::arg("stream") = 0,
          nb::sig("def __init__(self, y: Tensor, low: float = 0.0, high: float = 1.0, *, seed: int "
                  "= 0, stream: int = 0) -> None"));
  Class<fo::RandomNormal>(m, "RandomNormal",
                          "y = mean + deviation * n, n standard normal, |n| < 6.67; a float type. "
                          "ArgumentError where it does not hold all of them. The numbers depend on "
                          "seed, stream and index alone (Philox4x32-10, Box & Muller).")
      .def("__repr__", repr_of<fo::RandomNormal>(shown("y", &fo::RandomNormal::y),
                                                 shown("mean", &fo::RandomNormal::mean),
                                                 shown("deviation", &fo::RandomNormal::deviation),
                                                 shown("seed", &fo::RandomNormal::seed),
                                                 shown("stream", &fo::RandomNormal::stream)))
      .def(
          "__init__",
          [](OperationOf<fo::RandomNormal>* self, nb::handle y, float mean, float deviation,
             std::uint64_t seed, std::uint64_t stream) {
            new (self) OperationOf<fo::RandomNormal>(
                {Take("RandomNormal")(y, "y"), mean, deviation, seed, stream}, "RandomNormal");
          },
          nb::arg("y") = nb::none(), nb::arg("mean") = 0.0f, nb::arg("deviation") = 1.0f,
          nb::kw_only(), nb::arg("seed") = 0, nb::arg("stream") = 0,
          nb::sig("def __init__(self, y: Tensor, mean: float = 0.0, deviation: float = 1.0, *, "
                  "seed: int = 0, stream: int = 0) -> None"));
}

}  // namespace

void bind_data_ops(nb::module_& m) {
  bind_binaries(m);
  bind_unary<fo::Copy>(m, "Copy",
                       "y = x, converted to y's dtype; any plain dtypes. x may be any view, y any "
                       "but a broadcast one. ShapeError where the shapes differ.");
  bind_unary<fo::KvRearrange>(m, "KvRearrange",
                              "Keys or values from (positions, heads, head_dim) to (heads, "
                              "positions, head_dim), or back; any plain dtypes, views too.");
  bind_unary<fo::RepeatKv>(m, "RepeatKv",
                           "Each key-value head for every query head of its group: x: (positions, "
                           "kv_heads, head_dim); y: (positions, heads, head_dim).");
  bind_makers(m);
}

}  // namespace foundry::python
