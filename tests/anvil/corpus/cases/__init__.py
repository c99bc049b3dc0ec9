"""The kernels of the corpus, by what they compute."""

from cases import attention, elementwise, gemm, gemv, normalise, quantized, reduce, sequence

GROUPS = [
    elementwise.CASES,
    reduce.CASES,
    normalise.CASES,
    sequence.CASES,
    gemv.CASES,
    quantized.CASES,
    gemm.CASES,
    attention.CASES,
]
