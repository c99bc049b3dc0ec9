// Shapes of queries, keys, values and their cache: private to ops.
#pragma once

#include <cstdint>
#include <string_view>

#include "foundry/kernel/parameter.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry::ops {

/// What a (capacity, kv_heads, head_dim) cache tensor says. Strides in elements.
struct CacheShape {
  std::uint32_t capacity;
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  std::uint32_t position_stride;
  std::uint32_t head_stride;
};

/// Throws ShapeError or DTypeError unless `cache` is one.
[[nodiscard]] CacheShape cache_shape(std::string_view op, std::string_view what,
                                     const AnyTensor& cache);

/// Both caches; they must agree in dtype and extents.
struct CachePair {
  CacheShape k;
  CacheShape v;
};
[[nodiscard]] CachePair cache_pair(std::string_view op, const AnyTensor& k_cache,
                                   const AnyTensor& v_cache);

/// Throws ShapeError or DTypeError unless both caches agree in dtype and in their first
/// `dimensions`.
void require_one_cache(std::string_view op, const AnyTensor& k_cache, const AnyTensor& v_cache,
                       std::size_t dimensions);

/// Tokens and heads of a (tokens, heads, head_dim) or (tokens, heads * head_dim) tensor of plain
/// float type; rank 1 is one token.
struct HeadsShape {
  std::uint32_t tokens;
  std::uint32_t heads;
};
[[nodiscard]] HeadsShape heads_shape(std::string_view op, std::string_view what,
                                     const AnyTensor& tensor, std::uint32_t head_dim);

/// Where the heads of such a tensor lie. ShapeError unless the elements of a head are contiguous.
struct HeadStrides {
  std::uint32_t token;
  std::uint32_t head;
};
[[nodiscard]] HeadStrides head_strides(std::string_view op, std::string_view what,
                                       const AnyTensor& tensor, std::uint32_t head_dim);

/// Throws ShapeError unless positions start .. start + tokens - 1 lie in the cache. Of a parameter
/// only the tokens are checked: the rest is checked at each replay (position_use).
void require_capacity(std::string_view op, const CacheShape& cache,
                      const Scalar<std::uint32_t>& start, std::uint32_t tokens);

}  // namespace foundry::ops
