// Operations that reduce rows: softmax and LayerNorm. RmsNorm, which can be a stage, is in
// fusion.cpp.
#include <nanobind/stl/string.h>

#include "arguments.hpp"
#include "foundry/ops/ops.hpp"
#include "operation_text.hpp"

namespace foundry::python {
namespace {

namespace fo = foundry::ops;

template <class Op>
using Class = nb::class_<OperationOf<Op>, Operation>;

void bind_products(nb::module_& m) {
  Class<fo::GemvColumns>(m, "GemvColumns",
                         "y = W^T x: a product down the columns of a row-major matrix. weights: "
                         "(rows, columns), any format with a policy; x: (rows,); y: (columns,).")
      .def("__repr__", repr_of<fo::GemvColumns>(shown("weights", &fo::GemvColumns::weights),
                                                shown("x", &fo::GemvColumns::x),
                                                shown("y", &fo::GemvColumns::y)))
      .def(
          "__init__",
          [](OperationOf<fo::GemvColumns>* self, nb::handle weights, nb::handle x, nb::handle y) {
            const Take take("GemvColumns");
            new (self) OperationOf<fo::GemvColumns>(
                {take(weights, "weights"), take(x, "x"), take(y, "y")}, "GemvColumns");
          },
          nb::arg("weights") = nb::none(), nb::arg("x") = nb::none(), nb::arg("y") = nb::none(),
          nb::sig("def __init__(self, weights: Tensor, x: Tensor, y: Tensor) -> None"));
  Class<fo::TileWeights>(m, "TileWeights",
                         "A matrix in the layout of GemvTiled. weights: (rows, columns), any "
                         "format with a policy; y: (ceil(rows / 32), columns, 32), a float type.")
      .def("__repr__", repr_of<fo::TileWeights>(shown("weights", &fo::TileWeights::weights),
                                                shown("y", &fo::TileWeights::y)))
      .def(
          "__init__",
          [](OperationOf<fo::TileWeights>* self, nb::handle weights, nb::handle y) {
            const Take take("TileWeights");
            new (self) OperationOf<fo::TileWeights>({take(weights, "weights"), take(y, "y")},
                                                    "TileWeights");
          },
          nb::arg("weights") = nb::none(), nb::arg("y") = nb::none(),
          nb::sig("def __init__(self, weights: Tensor, y: Tensor) -> None"));
  Class<fo::GemvTiled>(m, "GemvTiled",
                       "y = W x with W in tiles of 32 rows, as TileWeights makes them: no sum "
                       "crosses lanes. weights: (tiles, columns, 32); x: (columns,); y: (rows,).")
      .def("__repr__",
           repr_of<fo::GemvTiled>(shown("weights", &fo::GemvTiled::weights),
                                  shown("x", &fo::GemvTiled::x), shown("y", &fo::GemvTiled::y)))
      .def(
          "__init__",
          [](OperationOf<fo::GemvTiled>* self, nb::handle weights, nb::handle x, nb::handle y) {
            const Take take("GemvTiled");
            new (self) OperationOf<fo::GemvTiled>(
                {take(weights, "weights"), take(x, "x"), take(y, "y")}, "GemvTiled");
          },
          nb::arg("weights") = nb::none(), nb::arg("x") = nb::none(), nb::arg("y") = nb::none(),
          nb::sig("def __init__(self, weights: Tensor, x: Tensor, y: Tensor) -> None"));
}

}  // namespace

void bind_row_ops(nb::module_& m) {
  bind_products(m);
  Class<fo::Softmax>(m, "Softmax",
                     "y = exp(scale x + mask) / sum of the same, row by row, in f32. x, y: "
                     "(columns,) or (..., columns), float types; mask: (columns,) or x's size. y "
                     "may be x. A row of -inf alone gives zeros.")
      .def("__repr__", repr_of<fo::Softmax>(
                           shown("x", &fo::Softmax::x), shown("y", &fo::Softmax::y),
                           shown("mask", &fo::Softmax::mask), shown("scale", &fo::Softmax::scale)))
      .def(
          "__init__",
          [](OperationOf<fo::Softmax>* self, nb::handle x, nb::handle y, nb::handle mask,
             float scale) {
            const Take take("Softmax");
            new (self) OperationOf<fo::Softmax>(
                {take(x, "x"), take(y, "y"), take.optional(mask, "mask"), scale}, "Softmax");
          },
          nb::arg("x") = nb::none(), nb::arg("y") = nb::none(), nb::arg("mask") = nb::none(),
          nb::arg("scale") = 1.0f,
          nb::sig("def __init__(self, x: Tensor, y: Tensor, mask: Tensor | None = None, scale: "
                  "float = 1.0) -> None"));
  Class<fo::LayerNorm>(
      m, "LayerNorm",
      "y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, in f32. "
      "x, y: (columns,) or (..., columns); weight, bias: (columns,). y may be x. "
      "Ba, Kiros & Hinton 2016.")
      .def("__repr__",
           repr_of<fo::LayerNorm>(shown("x", &fo::LayerNorm::x), shown("y", &fo::LayerNorm::y),
                                  shown("weight", &fo::LayerNorm::weight),
                                  shown("bias", &fo::LayerNorm::bias),
                                  shown("epsilon", &fo::LayerNorm::epsilon)))
      .def(
          "__init__",
          [](OperationOf<fo::LayerNorm>* self, nb::handle x, nb::handle y, nb::handle weight,
             nb::handle bias, float epsilon) {
            const Take take("LayerNorm");
            new (self)
                OperationOf<fo::LayerNorm>({take(x, "x"), take(y, "y"), take(weight, "weight"),
                                            take.optional(bias, "bias"), epsilon},
                                           "LayerNorm");
          },
          nb::arg("x") = nb::none(), nb::arg("y") = nb::none(), nb::arg("weight") = nb::none(),
          nb::arg("bias") = nb::none(), nb::arg("epsilon") = 1e-5f,
          nb::sig("def __init__(self, x: Tensor, y: Tensor, weight: Tensor, bias: Tensor | None = "
                  "None, epsilon: float = 1e-05) -> None"));
}

}  // namespace foundry::python
