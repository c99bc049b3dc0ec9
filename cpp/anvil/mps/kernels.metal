#include <metal_stdlib>
using namespace metal;

constant bool left_transposed [[function_constant(0)]];
constant bool right_transposed [[function_constant(1)]];

template <class T>
float element(device const T* values, ulong stride, ulong row, ulong column, bool transposed) {
  return float(values[transposed ? column * stride + row : row * stride + column]);
}

// Without beta what was there is not read: it may be anything.
template <class T>
void store(device T& result, float product, constant Product& p) {
  const float scaled = p.alpha * product;
  result = T(p.beta == 0 ? scaled : fma(p.beta, float(result), scaled));
}

// A thread's: a column of some rows.
constant constexpr uint rows_of_thread = 8;

template <class L, class R, class C>
kernel void multiply(device const L* left [[buffer(0)]], device const R* right [[buffer(1)]],
                     device C* result [[buffer(2)]], constant Product& p [[buffer(3)]],
                     uint3 at [[thread_position_in_grid]]) {
  left += p.left.first + at.z * p.left.matrix;
  right += p.right.first + at.z * p.right.matrix;
  result += p.result.first + at.z * p.result.matrix;
  const uint column = at.x, row = at.y * rows_of_thread;
  const uint rows = min(rows_of_thread, p.rows - row);
  float sums[rows_of_thread] = {};
  for (uint k = 0; k < p.interior; ++k) {
    const float factor = element(right, p.right.row, k, column, right_transposed);
    for (uint i = 0; i < rows_of_thread; ++i)
      sums[i] = fma(element(left, p.left.row, row + min(i, rows - 1), k, left_transposed), factor,
                    sums[i]);
  }
  for (uint i = 0; i < rows; ++i) store(result[(row + i) * p.result.row + column], sums[i], p);
}

// A simdgroup has a row, or each of its threads one where neighbours in a row are different results'.
template <class M, class V, class C>
kernel void multiply_vector(device const M* matrix [[buffer(0)]],
                            device const V* vector [[buffer(1)]], device C* result [[buffer(2)]],
                            constant Product& p [[buffer(3)]],
                            uint3 at [[thread_position_in_grid]]) {
  matrix += p.left.first + at.z * p.left.matrix;
  vector += p.right.first + at.z * p.right.matrix;
  result += p.result.first + at.z * p.result.matrix;
  float sum = 0;
  if (left_transposed) {
    for (uint k = 0; k < p.interior; ++k)
      sum = fma(float(matrix[k * p.left.row + at.x]), float(vector[k]), sum);
    store(result[at.x], sum, p);
  } else {
    for (uint k = at.x; k < p.interior; k += 32)
      sum = fma(float(matrix[at.y * p.left.row + k]), float(vector[k]), sum);
    sum = simd_sum(sum);
    if (at.x == 0) store(result[at.y], sum, p);
  }
}

#define INSTANCE(kernel, A, B, C)                                 \
  template [[host_name(#kernel "_" #A "_" #B "_" #C)]] [[kernel]] \
  decltype(kernel<A, B, C>) kernel<A, B, C>;
#define RESULTS(kernel, A, B) INSTANCE(kernel, A, B, float) INSTANCE(kernel, A, B, half)
#define TYPES(kernel)                                       \
  RESULTS(kernel, float, float) RESULTS(kernel, float, half) \
  RESULTS(kernel, half, float) RESULTS(kernel, half, half)
TYPES(multiply)
TYPES(multiply_vector)

kernel void convolve(texture2d<float, access::read> source [[texture(0)]],
                     texture2d<float, access::write> destination [[texture(1)]],
                     constant Filter& filter [[buffer(0)]],
                     device const float* weights [[buffer(1)]],
                     uint2 at [[thread_position_in_grid]]) {
  const int2 size(source.get_width(), source.get_height());
  const int2 first = int2(at) + int2(filter.offset[0], filter.offset[1]) -
                     int2(filter.width / 2, filter.height / 2);
  float4 sum = filter.bias;
  for (int j = 0; j < filter.height; ++j) {
    for (int i = 0; i < filter.width; ++i) {
      int2 texel = first + int2(i, j);
      if (filter.clamps)
        texel = clamp(texel, int2(0), size - 1);
      else if (any(texel < 0) || any(texel >= size))
        continue;
      sum = fma(float4(weights[j * filter.width + i]), source.read(uint2(texel)), sum);
    }
  }
  destination.write(sum, at + uint2(filter.clip_origin[0], filter.clip_origin[1]));
}
