constant uint n [[function_constant(0)]];
template <typename T> kernel void f(device T* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  threadgroup T t[32];
  t[i & 31] = x[i] + static_cast<T>(1.0h);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = is_function_constant_defined(n) ? t[31 - (i & 31)] : T(n);
}
template [[host_name("f_float")]] kernel void f<float>(device float*, uint);
