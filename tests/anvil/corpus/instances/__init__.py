"""Rules by which a function's name says its case: a file for each group of MLX's headers."""

from instances import (
    attention,
    convolution,
    elementwise,
    fourier,
    gemm,
    gemv,
    normalise,
    quantized,
    recurrent,
    reduce,
    sequence,
)

MODULES = [elementwise, reduce, sequence, normalise, gemm, gemv, quantized, attention, convolution,
           fourier, recurrent]  # fmt: skip
