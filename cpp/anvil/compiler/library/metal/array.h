// <metal_array>: array<T, N> (specification 2.12.1) and a view over one.
#pragma once

#include "type_traits.h"

namespace metal {

template <class T, size_t N>
struct array {
  using value_type = T;
  using size_type = size_t;
  using reference = T&;
  using const_reference = const T&;

  T __elements[N];

  // What refers to an element is in the array's address space.
  ANVIL_FN constexpr T& operator[](size_t i) { return __elements[i]; }
  ANVIL_FN constexpr T& at(size_t i) { return __elements[i]; }
  ANVIL_FN constexpr T& front() { return __elements[0]; }
  ANVIL_FN constexpr T& back() { return __elements[N - 1]; }
  ANVIL_FN constexpr T* data() { return __elements; }
  ANVIL_FN constexpr T* begin() { return __elements; }
  ANVIL_FN constexpr T* end() { return __elements + N; }

  ANVIL_FN constexpr const T& operator[](size_t i) const { return __elements[i]; }
  ANVIL_FN constexpr const T& at(size_t i) const { return __elements[i]; }
  ANVIL_FN constexpr const T& front() const { return __elements[0]; }
  ANVIL_FN constexpr const T& back() const { return __elements[N - 1]; }
  ANVIL_FN constexpr const T* data() const { return __elements; }
  ANVIL_FN constexpr const T* begin() const { return __elements; }
  ANVIL_FN constexpr const T* end() const { return __elements + N; }

  ANVIL_FN constexpr __global T& operator[](size_t i) __global { return __elements[i]; }
  ANVIL_FN constexpr __global T& at(size_t i) __global { return __elements[i]; }
  ANVIL_FN constexpr __global T& front() __global { return __elements[0]; }
  ANVIL_FN constexpr __global T& back() __global { return __elements[N - 1]; }
  ANVIL_FN constexpr __global T* data() __global { return __elements; }
  ANVIL_FN constexpr __global T* begin() __global { return __elements; }
  ANVIL_FN constexpr __global T* end() __global { return __elements + N; }

  ANVIL_FN constexpr const __global T& operator[](size_t i) const __global { return __elements[i]; }
  ANVIL_FN constexpr const __global T& at(size_t i) const __global { return __elements[i]; }
  ANVIL_FN constexpr const __global T& front() const __global { return __elements[0]; }
  ANVIL_FN constexpr const __global T& back() const __global { return __elements[N - 1]; }
  ANVIL_FN constexpr const __global T* data() const __global { return __elements; }
  ANVIL_FN constexpr const __global T* begin() const __global { return __elements; }
  ANVIL_FN constexpr const __global T* end() const __global { return __elements + N; }

  ANVIL_FN constexpr __local T& operator[](size_t i) __local { return __elements[i]; }
  ANVIL_FN constexpr __local T& at(size_t i) __local { return __elements[i]; }
  ANVIL_FN constexpr __local T& front() __local { return __elements[0]; }
  ANVIL_FN constexpr __local T& back() __local { return __elements[N - 1]; }
  ANVIL_FN constexpr __local T* data() __local { return __elements; }
  ANVIL_FN constexpr __local T* begin() __local { return __elements; }
  ANVIL_FN constexpr __local T* end() __local { return __elements + N; }

  ANVIL_FN constexpr const __local T& operator[](size_t i) const __local { return __elements[i]; }
  ANVIL_FN constexpr const __local T& at(size_t i) const __local { return __elements[i]; }
  ANVIL_FN constexpr const __local T& front() const __local { return __elements[0]; }
  ANVIL_FN constexpr const __local T& back() const __local { return __elements[N - 1]; }
  ANVIL_FN constexpr const __local T* data() const __local { return __elements; }
  ANVIL_FN constexpr const __local T* begin() const __local { return __elements; }
  ANVIL_FN constexpr const __local T* end() const __local { return __elements + N; }

  ANVIL_FN constexpr const __constant T& operator[](size_t i) const __constant { return __elements[i]; }
  ANVIL_FN constexpr const __constant T& at(size_t i) const __constant { return __elements[i]; }
  ANVIL_FN constexpr const __constant T& front() const __constant { return __elements[0]; }
  ANVIL_FN constexpr const __constant T& back() const __constant { return __elements[N - 1]; }
  ANVIL_FN constexpr const __constant T* data() const __constant { return __elements; }
  ANVIL_FN constexpr const __constant T* begin() const __constant { return __elements; }
  ANVIL_FN constexpr const __constant T* end() const __constant { return __elements + N; }

  ANVIL_FN constexpr size_t size() const { return N; }
  ANVIL_FN constexpr size_t max_size() const { return N; }
  ANVIL_FN constexpr bool empty() const { return N == 0; }
  ANVIL_FN constexpr void fill(const T& v) {
    for (T& e : __elements) e = v;
  }
};

template <class T, class... U>
array(T, U...) -> array<T, 1 + sizeof...(U)>;

template <class T>
class array_ref {
 public:
  template <size_t N>
  ANVIL_FN constexpr array_ref(array<__remove_const(T), N>& a) : data_(a.data()), size_(N) {}
  template <size_t N>
  ANVIL_FN constexpr array_ref(const array<__remove_const(T), N>& a) : data_(a.data()), size_(N) {}
  ANVIL_FN constexpr array_ref(T* data, size_t size) : data_(data), size_(size) {}
  ANVIL_FN constexpr T& operator[](size_t i) const { return data_[i]; }
  ANVIL_FN constexpr T* data() const { return data_; }
  ANVIL_FN constexpr T* begin() const { return data_; }
  ANVIL_FN constexpr T* end() const { return data_ + size_; }
  ANVIL_FN constexpr size_t size() const { return size_; }
  ANVIL_FN constexpr bool empty() const { return size_ == 0; }

 private:
  T* data_;
  size_t size_;
};

}  // namespace metal
