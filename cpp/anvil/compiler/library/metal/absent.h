// What MSL has and Anvil does not: naming such a type is fine, using one is an error that says so.
#pragma once

#include "types.h"

namespace metal {

namespace detail {
template <class T>
inline constexpr bool unsupported = sizeof(T) == 0;
}  // namespace detail

// <metal_tensor> (specification 2.21).
inline constexpr size_t dynamic_extent = ~size_t(0);
template <class Index, size_t... Extents>
struct extents {};
template <class Index, size_t Rank>
struct dextents {};
struct tensor_handle {};
struct tensor_inline {};
template <class T, class Extents, class Descriptor = tensor_handle, class... Tags>
struct tensor {
  static_assert(detail::unsupported<T>, "tensor: Anvil has buffers and textures, no tensors");
};

// <metal_raytracing> (specification 2.17).
template <class... Tags>
struct intersection_function_table {
  static_assert(sizeof...(Tags) != sizeof...(Tags),
                "intersection_function_table: Anvil has no ray tracing");
};

}  // namespace metal
