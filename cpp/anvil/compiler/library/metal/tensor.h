// <metal_tensor>: views of memory as matrices (specification 2.21), and the scopes of operations on
// them.
#pragma once

#include "array.h"
#include "type_traits.h"
#include "types.h"

namespace metal {

inline constexpr size_t dynamic_extent = ~size_t(0);

// Lengths, the innermost dimension's first: static ones, and those given at run time.
template <class Index, size_t... Extents>
struct extents {
  using index_type = Index;
  using size_type = make_unsigned_t<Index>;
  using rank_type = size_t;

  ANVIL_FN static constexpr rank_type rank() { return sizeof...(Extents); }
  ANVIL_FN static constexpr rank_type rank_dynamic() {
    return ((Extents == dynamic_extent ? 1 : 0) + ... + 0);
  }
  ANVIL_FN static constexpr size_t static_extent(rank_type i) {
    const size_t all[] = {Extents...};
    return all[i];
  }

  ANVIL_FN constexpr extents()
      : values_{(Extents == dynamic_extent ? Index(0) : Index(Extents))...} {}
  // All of them, or those that are not static.
  template <class... Is,
            class = enable_if_t<sizeof...(Is) != 0 && (is_convertible_v<Is, Index> && ...)>>
  ANVIL_FN constexpr extents(Is... each) : extents() {
    static_assert(sizeof...(Is) == rank() || sizeof...(Is) == rank_dynamic(),
                  "extents: one value for each dimension, or for each that is dynamic");
    const Index given[] = {static_cast<Index>(each)...};
    rank_type next = 0;
    for (rank_type i = 0; i < rank(); ++i) {
      if (sizeof...(Is) == rank() || static_extent(i) == dynamic_extent) values_[i] = given[next++];
    }
  }
  template <size_t N>
  ANVIL_FN constexpr extents(const array<Index, N>& each) : extents() {
    static_assert(N == rank(), "extents: one value for each dimension");
    for (rank_type i = 0; i < N; ++i) values_[i] = each[i];
  }
  template <class J, size_t... Others>
  ANVIL_FN constexpr extents(const extents<J, Others...>& other) : extents() {
    static_assert(sizeof...(Others) == rank(), "extents: of another rank");
    for (rank_type i = 0; i < rank(); ++i) values_[i] = static_cast<Index>(other.extent(i));
  }

  ANVIL_FN constexpr Index extent(rank_type i) const { return values_[i]; }

 private:
  Index values_[sizeof...(Extents)];
};

namespace detail {
template <class Index, size_t Rank, size_t... All>
struct dynamic_extents : dynamic_extents<Index, Rank - 1, dynamic_extent, All...> {};
template <class Index, size_t... All>
struct dynamic_extents<Index, 0, All...> {
  using type = extents<Index, All...>;
};
}  // namespace detail

template <class Index, size_t Rank>
using dextents = typename detail::dynamic_extents<Index, Rank>::type;

struct tensor_handle {};
struct tensor_offset {};
struct tensor_inline {};

// Elements in memory: in the program's own (tensor_inline), or a part of another tensor
// (tensor_offset). T has the memory's address space.
template <class T, class Extents, class Descriptor = tensor_handle, class... Tags>
struct tensor {
  static_assert(!is_same_v<Descriptor, tensor_handle>,
                "tensor_handle: Anvil binds buffers and textures, no tensors; supported: "
                "tensor_inline, made from a pointer");
  using element_type = T;
  using value_type = remove_cv_t<remove_addrspace_t<T>>;
  using extents_type = Extents;
  using index_type = typename Extents::index_type;
  using rank_type = size_t;
  using descriptor_type = Descriptor;

  ANVIL_FN static constexpr rank_type rank() { return Extents::rank(); }
  ANVIL_FN static constexpr rank_type get_rank() { return Extents::rank(); }
  ANVIL_FN static constexpr size_t static_extent(rank_type i) { return Extents::static_extent(i); }
  ANVIL_FN static constexpr size_t get_static_extent(rank_type i) {
    return Extents::static_extent(i);
  }

  // Without strides, elements lie one after the other.
  ANVIL_FN tensor(T* data, const Extents& lengths) : data_(data), extents_(lengths) {
    index_type stride = 1;
    for (rank_type i = 0; i < rank(); ++i) {
      strides_[i] = stride;
      stride *= lengths.extent(i);
    }
  }
  // Strides are in elements.
  template <class J>
  ANVIL_FN tensor(T* data, const Extents& lengths, const array<J, Extents::rank()>& strides)
      : data_(data), extents_(lengths) {
    for (rank_type i = 0; i < rank(); ++i) strides_[i] = static_cast<index_type>(strides[i]);
  }

  ANVIL_FN const Extents& extents() const { return extents_; }
  ANVIL_FN const Extents& get_extents() const { return extents_; }
  ANVIL_FN index_type extent(rank_type i) const { return extents_.extent(i); }
  ANVIL_FN index_type get_extent(rank_type i) const { return extents_.extent(i); }
  ANVIL_FN index_type stride(rank_type i) const { return strides_[i]; }
  ANVIL_FN index_type get_stride(rank_type i) const { return strides_[i]; }
  ANVIL_FN T* data() const { return data_; }
  ANVIL_FN T* get_data_pointer() const { return data_; }

  template <class J>
  ANVIL_FN T& operator[](const array<J, Extents::rank()>& at) const {
    return data_[offset_of(at)];
  }
  template <class... Is>
  ANVIL_FN T& operator()(Is... at) const {
    return data_[offset_of(array<index_type, Extents::rank()>{static_cast<index_type>(at)...})];
  }
  template <class... Is>
  ANVIL_FN value_type get(Is... at) const {
    return (*this)(at...);
  }

  // What begins at `origin`, and reaches as far as this tensor does.
  template <class... Is>
  ANVIL_FN auto slice(Is... origin) const {
    return part<dextents<index_type, Extents::rank()>>(origin...);
  }
  // What begins at `origin`, of these lengths; dynamic ones reach as far as this tensor does.
  template <size_t First, size_t... Rest, class... Is>
  ANVIL_FN auto slice(Is... origin) const {
    return part<metal::extents<index_type, First, Rest...>>(origin...);
  }
  template <size_t First, size_t... Rest, class... Is>
  ANVIL_FN auto static_slice(Is... origin) const {
    return part<metal::extents<index_type, First, Rest...>>(origin...);
  }

 private:
  template <class J>
  ANVIL_FN long offset_of(const array<J, Extents::rank()>& at) const {
    long sum = 0;
    for (rank_type i = 0; i < rank(); ++i) sum += long(at[i]) * long(strides_[i]);
    return sum;
  }
  template <class Lengths, class... Is>
  ANVIL_FN auto part(Is... origin) const {
    static_assert(sizeof...(Is) == Extents::rank(), "slice: one index for each dimension");
    static_assert(Lengths::rank() == Extents::rank(), "slice: one length for each dimension");
    const array<index_type, Extents::rank()> first{static_cast<index_type>(origin)...};
    array<index_type, Extents::rank()> lengths, strides;
    for (rank_type i = 0; i < rank(); ++i) {
      const index_type left = extents_.extent(i) - first[i];
      lengths[i] = Lengths::static_extent(i) == dynamic_extent
                       ? (left < 0 ? index_type(0) : left)
                       : index_type(Lengths::static_extent(i));
      strides[i] = strides_[i];
    }
    return tensor<T, Lengths, tensor_offset>(data_ + offset_of(first), Lengths(lengths), strides);
  }

  T* data_;
  Extents extents_;
  index_type strides_[Extents::rank()];
};

template <class T, class Extents>
tensor(T*, const Extents&) -> tensor<T, Extents, tensor_inline>;
template <class T, class Extents, class J>
tensor(T*, const Extents&, const array<J, Extents::rank()>&) -> tensor<T, Extents, tensor_inline>;

// Who takes part in an operation on tensors: one thread, or the threads of simdgroups.
template <size_t Count>
struct execution_threads {
  static_assert(Count == 1, "execution_threads: an operation is one thread's, or simdgroups'");
};
using execution_thread = execution_threads<1>;
template <size_t Count>
struct execution_simdgroups {
  static_assert(Count >= 1 && Count <= 32, "execution_simdgroups: a threadgroup has 1 to 32");
};
using execution_simdgroup = execution_simdgroups<1>;

}  // namespace metal
