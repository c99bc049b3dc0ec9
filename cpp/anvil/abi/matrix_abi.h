/* matrix_abi.h: a product of matrices, as kernels ask for it (compiler/library/metal/
   tensor_matmul.h). Plain C, without headers: 32 bits are `unsigned`, 64 `long long`. */
#ifndef ANVIL_ABI_MATRIX_ABI_H
#define ANVIL_ABI_MATRIX_ABI_H

/* What elements are. Those of 8 bits come last. */
#define ANVIL_MATRIX_FLOAT 0
#define ANVIL_MATRIX_HALF 1
#define ANVIL_MATRIX_BFLOAT 2
#define ANVIL_MATRIX_INT 3
#define ANVIL_MATRIX_CHAR 4
#define ANVIL_MATRIX_UCHAR 5

/* Flags. A turned operand lies column by column. */
#define ANVIL_MATRIX_LEFT_TURNED 1
#define ANVIL_MATRIX_RIGHT_TURNED 2
#define ANVIL_MATRIX_ACCUMULATES 4

/* d (m, n) = a (m, k) b (k, n), or that plus what d was. */
struct AnvilMatrixProduct {
  void* d;
  const void* a;
  const void* b;
  long long d_stride, a_stride, b_stride; /* between rows (columns, if turned), in elements */
  unsigned d_kind, a_kind, b_kind;
  unsigned m, n, k;
  unsigned flags;
  /* 0: d is in memory. Otherwise its element 32 i + l is the one of lane l at i, whose bytes start
     so many after those of the lane before; where those are an element's, i is 32 elements on. */
  unsigned lane_bytes;
};

#endif
