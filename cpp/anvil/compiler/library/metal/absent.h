// What MSL has and Anvil does not: naming such a type is fine, using one is an error that says so.
#pragma once

#include "types.h"

namespace metal {

enum class access { sample, read, write, read_write };
enum class coord { normalized, pixel };
enum class filter { nearest, linear };
enum class address { clamp_to_zero, clamp_to_edge, repeat, mirrored_repeat, clamp_to_border };

namespace detail {
template <class T>
inline constexpr bool unsupported = sizeof(T) == 0;
}  // namespace detail

#define ANVIL_ABSENT_TEXTURE(name)                                                        \
  template <class T, access A = access::sample>                                           \
  struct name {                                                                           \
    static_assert(detail::unsupported<T>, #name ": Anvil has buffers only, no textures"); \
  };
ANVIL_ABSENT_TEXTURE(texture1d)
ANVIL_ABSENT_TEXTURE(texture1d_array)
ANVIL_ABSENT_TEXTURE(texture2d)
ANVIL_ABSENT_TEXTURE(texture2d_array)
ANVIL_ABSENT_TEXTURE(texture2d_ms)
ANVIL_ABSENT_TEXTURE(texture2d_ms_array)
ANVIL_ABSENT_TEXTURE(texture3d)
ANVIL_ABSENT_TEXTURE(texturecube)
ANVIL_ABSENT_TEXTURE(texturecube_array)
ANVIL_ABSENT_TEXTURE(texture_buffer)
ANVIL_ABSENT_TEXTURE(depth2d)
ANVIL_ABSENT_TEXTURE(depth2d_array)
ANVIL_ABSENT_TEXTURE(depthcube)
ANVIL_ABSENT_TEXTURE(depthcube_array)
#undef ANVIL_ABSENT_TEXTURE

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
  static_assert(detail::unsupported<T>, "tensor: Anvil has buffers only, no tensors");
};

// <metal_visible_function_table>, <metal_raytracing> (specification 2.15).
template <class F>
struct visible_function_table {
  static_assert(detail::unsupported<F*>,
                "visible_function_table: Anvil has pointers to functions, and no tables of them");
};
template <class... Tags>
struct intersection_function_table {
  static_assert(sizeof...(Tags) != sizeof...(Tags),
                "intersection_function_table: Anvil has no ray tracing");
};

struct sampler {
  template <class... A>
  constexpr sampler(A...) {
    static_assert(sizeof...(A) != sizeof...(A), "sampler: Anvil has buffers only, no textures");
  }
};

}  // namespace metal
