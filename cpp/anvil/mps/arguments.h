// What kernels are told, read by both sides: offsets and distances are in elements.
struct Operand {
  unsigned long first;
  unsigned long matrix;  // from a matrix, or vector, of a batch to the next
  unsigned long row;
};

struct Product {
  struct Operand left, right, result;
  unsigned int rows, columns, interior;
  float alpha, beta;
};

struct Filter {
  int width, height;
  int offset[2];
  unsigned int clip_origin[2], clip_size[2];
  float bias;
  unsigned int clamps;
};
