// MetalPerformancePrimitives' products of matrices (Apple, "Metal Performance Primitives
// Programming Guide"). A tensor's first dimension is that of neighbouring elements: columns.
#pragma once

#include <anvil/matrix_abi.h>

#include "elementwise.h"
#include "primitives.h"
#include "tensor.h"

namespace metal {
namespace detail {

template <class T>
inline constexpr uint matrix_kind = ~0u;
template <>
inline constexpr uint matrix_kind<float> = ANVIL_MATRIX_FLOAT;
template <>
inline constexpr uint matrix_kind<half> = ANVIL_MATRIX_HALF;
template <>
inline constexpr uint matrix_kind<bfloat> = ANVIL_MATRIX_BFLOAT;
template <>
inline constexpr uint matrix_kind<char> = ANVIL_MATRIX_CHAR;
template <>
inline constexpr uint matrix_kind<signed char> = ANVIL_MATRIX_CHAR;
template <>
inline constexpr uint matrix_kind<uchar> = ANVIL_MATRIX_UCHAR;
template <>
inline constexpr uint matrix_kind<int> = ANVIL_MATRIX_INT;

// Rows of a matrix that a simdgroup of an operation's has, from `first` on.
template <uint Rows, uint Columns, uint Simdgroups>
struct matrix_share {
  static constexpr uint rows = (Rows + Simdgroups - 1) / Simdgroups;
  static constexpr uint columns = Columns;
  static constexpr uint capacity = (rows * Columns + 31) / 32;
  ANVIL_FN static uint first() {
    return Simdgroups == 1 ? 0 : __anvil_simdgroup() % Simdgroups * rows;
  }
  ANVIL_FN static uint own() {
    const uint begin = first();
    return begin >= Rows ? 0 : min(rows, Rows - begin);
  }
};
// Of an operation of one thread: all of it.
template <uint Rows, uint Columns>
struct matrix_of_thread {
  static constexpr uint rows = Rows;
  static constexpr uint columns = Columns;
  static constexpr uint capacity = Rows * Columns;
  ANVIL_FN static uint first() { return 0; }
  ANVIL_FN static uint own() { return Rows; }
};

template <class Scope, uint Rows, uint Columns>
struct matrix_layout_of;
template <size_t Count, uint Rows, uint Columns>
struct matrix_layout_of<execution_simdgroups<Count>, Rows, Columns> {
  using type = matrix_share<Rows, Columns, Count>;
  static constexpr bool is_shared = true;
};
template <uint Rows, uint Columns>
struct matrix_layout_of<execution_threads<1>, Rows, Columns> {
  using type = matrix_of_thread<Rows, Columns>;
  static constexpr bool is_shared = false;
};

}  // namespace detail

// A matrix in the registers of an operation's threads. Of each simdgroup's rows, one after the
// other, lane l has elements l, l + 32 and so on.
template <class T, class Extents, class Layout>
struct cooperative_tensor {
  using element_type = T;
  using value_type = T;
  using extents_type = Extents;
  using index_type = typename Extents::index_type;
  using layout = typename Layout::type;

  struct iterator {
    cooperative_tensor* tensor;
    uint place;
    ANVIL_FN T& operator*() const { return tensor->elements_[place]; }
    ANVIL_FN iterator& operator++() {
      ++place;
      return *this;
    }
    ANVIL_FN iterator operator++(int) {
      const iterator old = *this;
      ++place;
      return old;
    }
    ANVIL_FN bool operator==(const iterator& other) const { return place == other.place; }
    ANVIL_FN bool operator!=(const iterator& other) const { return place != other.place; }
    ANVIL_FN uint get_index() const { return place; }
    ANVIL_FN auto get_multidimensional_index() const {
      return tensor->get_multidimensional_index(place);
    }
  };

  ANVIL_FN static constexpr size_t get_rank() { return 2; }
  ANVIL_FN static constexpr uint get_capacity() { return layout::capacity; }
  ANVIL_FN static constexpr Extents get_extents() { return Extents(); }
  // Whether the thread's element i is one of the matrix.
  ANVIL_FN bool is_valid_element(uint i) const {
    return linear(i) < layout::own() * layout::columns;
  }
  ANVIL_FN bool get_mask(uint i) const { return is_valid_element(i); }
  // Its column and row.
  ANVIL_FN array<index_type, 2> get_multidimensional_index(uint i) const {
    const uint at = linear(i);
    return {static_cast<index_type>(at % layout::columns),
            static_cast<index_type>(layout::first() + at / layout::columns)};
  }
  ANVIL_FN T& operator[](uint i) { return elements_[i]; }
  ANVIL_FN const T& operator[](uint i) const { return elements_[i]; }
  ANVIL_FN T get(uint i) const { return elements_[i]; }
  ANVIL_FN void set(uint i, T value) { elements_[i] = value; }
  ANVIL_FN iterator begin() { return {this, 0}; }
  ANVIL_FN iterator end() { return {this, get_capacity()}; }
  // The element of another of the same layout.
  template <class Iterator>
  ANVIL_FN iterator map_iterator(const Iterator& other) {
    return {this, other.place};
  }

  // Elements beyond the tensor's ends stay as they are, here and there.
  template <class U, class OtherExtents, class Descriptor, class... Tags>
  ANVIL_FN void load(const tensor<U, OtherExtents, Descriptor, Tags...>& from) {
    each_within(from, [&](uint i, uint column, uint row)
                          ANVIL_INLINE { elements_[i] = static_cast<T>(from(column, row)); });
  }
  template <class U, class OtherExtents, class Descriptor, class... Tags>
  ANVIL_FN void store(const tensor<U, OtherExtents, Descriptor, Tags...>& to) const {
    each_within(to, [&](uint i, uint column, uint row) ANVIL_INLINE {
      to(column, row) = static_cast<remove_addrspace_t<U>>(elements_[i]);
    });
  }

  ANVIL_FN T* elements() { return elements_; }

 private:
  ANVIL_FN static uint linear(uint i) { return Layout::is_shared ? i * 32 + __anvil_lane() : i; }
  template <class Tensor, class Each>
  ANVIL_FN void each_within(const Tensor& other, Each each) const {
    const uint columns = static_cast<uint>(other.extent(0)),
               rows = static_cast<uint>(other.extent(1));
    for (uint i = 0; i < get_capacity(); ++i) {
      const uint column = linear(i) % layout::columns;
      const uint row = layout::first() + linear(i) / layout::columns;
      if (is_valid_element(i) && column < columns && row < rows) each(i, column, row);
    }
  }

  T elements_[layout::capacity];
};

namespace detail {
template <class T>
inline constexpr bool is_cooperative = false;
template <class T, class Extents, class Layout>
inline constexpr bool is_cooperative<cooperative_tensor<T, Extents, Layout>> = true;
}  // namespace detail

}  // namespace metal

namespace mpp {
namespace tensor_ops {

enum class reduction_operation { sum, max, min };

struct matmul2d_descriptor {
  enum class mode { multiply, multiply_accumulate };

  int m, n, k;
  bool transpose_left, transpose_right;
  bool relaxed_precision;
  mode matmul_mode;

  ANVIL_FN constexpr matmul2d_descriptor(int rows, int columns,
                                         int inner = static_cast<int>(metal::dynamic_extent),
                                         bool left_turned = false, bool right_turned = false,
                                         bool relaxed = false, mode what = mode::multiply)
      : m(rows),
        n(columns),
        k(inner),
        transpose_left(left_turned),
        transpose_right(right_turned),
        relaxed_precision(relaxed),
        matmul_mode(what) {}
};

// destination (n, m) = left (k, m) right (n, k), or that plus what it was; extents in the order of
// a tensor's dimensions, a turned operand's the other way round. Products of floats are float's,
// sums too, rounded once to the destination's elements.
template <matmul2d_descriptor Descriptor, class Scope, class... Args>
class matmul2d {
 public:
  static constexpr matmul2d_descriptor descriptor = Descriptor;
  using scope = Scope;

  template <class Left, class Right, class Destination>
  ANVIL_FN void run(const Left& left, const Right& right, Destination&& destination) const {
    const uint depth = least(left.extent(Descriptor.transpose_left ? 1 : 0),
                             right.extent(Descriptor.transpose_right ? 0 : 1), Descriptor.k);
    const uint rows = least(left.extent(Descriptor.transpose_left ? 0 : 1), Descriptor.m, -1);
    const uint columns = least(right.extent(Descriptor.transpose_right ? 1 : 0), Descriptor.n, -1);
    multiply(left, right, destination, rows, columns, depth);
  }

  template <class Left, class Right, class T, class Index = int, class... CoopArgs>
  ANVIL_FN auto get_destination_cooperative_tensor() const {
    // Not set to zero: who multiplies sets all of it, who accumulates sets it first.
    metal::cooperative_tensor<T, metal::extents<Index, Descriptor.n, Descriptor.m>,
                                     layout> made;
    return made;
  }

 private:
  using layout = metal::detail::matrix_layout_of<Scope, Descriptor.m, Descriptor.n>;
  using share = typename layout::type;

  // -1: any.
  template <class A, class B>
  ANVIL_FN static uint least(A a, B b, int c) {
    uint all = metal::min(static_cast<uint>(a), static_cast<uint>(b));
    return c < 0 ? all : metal::min(all, static_cast<uint>(c));
  }

  template <class Left, class Right, class Destination>
  ANVIL_FN static void multiply(const Left& left, const Right& right, Destination& destination,
                                uint rows, uint columns, uint depth) {
    using A = typename Left::value_type;
    using B = typename Right::value_type;
    using D = typename Destination::value_type;
    constexpr uint a_kind = metal::detail::matrix_kind<A>;
    constexpr uint b_kind = metal::detail::matrix_kind<B>;
    constexpr uint d_kind = metal::detail::matrix_kind<D>;
    static_assert(a_kind != ~0u && b_kind != ~0u && d_kind != ~0u && a_kind != ANVIL_MATRIX_INT &&
                      b_kind != ANVIL_MATRIX_INT && d_kind < ANVIL_MATRIX_CHAR,
                  "matmul2d: unsupported element; supported: float, half, bfloat, int8_t and "
                  "uint8_t, as destination float, half, bfloat and int");
    static_assert(
        d_kind != ANVIL_MATRIX_INT || (a_kind >= ANVIL_MATRIX_CHAR && b_kind >= ANVIL_MATRIX_CHAR),
        "matmul2d: a destination of int takes products of 8-bit integers");
    constexpr bool accumulates =
        Descriptor.matmul_mode == matmul2d_descriptor::mode::multiply_accumulate;
    constexpr uint flags = (Descriptor.transpose_left ? ANVIL_MATRIX_LEFT_TURNED : 0) |
                           (Descriptor.transpose_right ? ANVIL_MATRIX_RIGHT_TURNED : 0) |
                           (accumulates ? ANVIL_MATRIX_ACCUMULATES : 0);
    const uint first = share::first();
    const uint own = first >= rows ? 0 : metal::min(rows - first, share::own());
    const auto* a =
        left.data() + long(first) * (Descriptor.transpose_left ? 1 : long(left.stride(1)));
    if constexpr (!layout::is_shared) {
      by_thread<A, B, D>(left, right, destination, rows, columns, depth);
    } else if constexpr (metal::detail::is_cooperative<Destination>) {
      if constexpr (!accumulates) {
        if (own < share::rows || columns < Descriptor.n) {
          for (uint i = 0; i < Destination::get_capacity(); ++i) destination[i] = D(0);
        }
      }
      if constexpr (sizeof(D) == 2) {
        __anvil_matrix_multiply_lanes_2(destination.elements(), d_kind, Descriptor.n, a, a_kind,
                                        left.stride(1), right.data(), b_kind, right.stride(1), own,
                                        columns, depth, flags);
      } else {
        __anvil_matrix_multiply_lanes_4(destination.elements(), d_kind, Descriptor.n, a, a_kind,
                                        left.stride(1), right.data(), b_kind, right.stride(1), own,
                                        columns, depth, flags);
      }
    } else {
      __anvil_matrix_multiply_memory(
          destination.data() + long(first) * long(destination.stride(1)), d_kind,
          destination.stride(1), a, a_kind, left.stride(1), right.data(), b_kind, right.stride(1),
          metal::min(own, metal::max(destination.extent(1), first) - first),
          metal::min(columns, uint(destination.extent(0))), depth, flags);
    }
  }

  template <class A, class B, class D, class Left, class Right, class Destination>
  ANVIL_FN static void by_thread(const Left& left, const Right& right, Destination& destination,
                                 uint rows, uint columns, uint depth) {
    using Sum = metal::conditional_t<metal::is_same_v<D, int>, int, float>;
    for (uint row = 0; row < rows; ++row) {
      for (uint column = 0; column < columns; ++column) {
        Sum sum = 0;
        for (uint k = 0; k < depth; ++k) {
          const Sum a = static_cast<Sum>(Descriptor.transpose_left ? left(row, k) : left(k, row));
          const Sum b =
              static_cast<Sum>(Descriptor.transpose_right ? right(k, column) : right(column, k));
          sum += a * b;
        }
        if constexpr (metal::detail::is_cooperative<Destination>) {
          put(destination[row * Descriptor.n + column], sum);
        } else {
          if (column < uint(destination.extent(0)) && row < uint(destination.extent(1)))
            put(destination(column, row), sum);
        }
      }
    }
  }
  template <class D, class Sum>
  ANVIL_FN static void put(D& place, Sum sum) {
    using Value = metal::remove_addrspace_t<D>;
    if constexpr (Descriptor.matmul_mode == matmul2d_descriptor::mode::multiply_accumulate)
      sum += static_cast<Sum>(place);
    place = static_cast<Value>(sum);
  }
};

}  // namespace tensor_ops
}  // namespace mpp
