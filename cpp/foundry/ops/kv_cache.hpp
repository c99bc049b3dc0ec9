// Shapes of queries, keys, values and their cache: private to ops.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/kernel/parameter.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry::ops {

/// What a (capacity, kv_heads, head_dim) cache tensor says, or one of several sequences,
/// (sequences, capacity, kv_heads, head_dim). Strides in elements, or in blocks.
struct CacheShape {
  std::uint32_t capacity;
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  std::uint32_t position_stride;
  std::uint32_t head_stride;
  std::uint32_t sequence_stride;  ///< 0 where there is one
};

/// Throws ShapeError or DTypeError unless `cache` is one; with `places`, of several sequences.
[[nodiscard]] CacheShape cache_shape(std::string_view op, std::string_view what,
                                     const AnyTensor& cache, const AnyTensor& places = {});

/// Of one position of a cache, in bytes.
[[nodiscard]] inline std::uint64_t bytes_of_position(DType dtype, std::uint64_t elements) {
  return elements / info(dtype).block_elements * info(dtype).block_bytes;
}

/// Shader files of a kernel that writes to a cache.
[[nodiscard]] inline std::vector<std::string> cache_includes(DType cache) {
  if (is_block(cache)) return {"lib/cache_elements.metal", "lib/cache_blocks.metal"};
  return {"lib/cache_elements.metal"};
}

/// Both caches; they must agree in dtype and extents.
struct CachePair {
  CacheShape k;
  CacheShape v;
};
[[nodiscard]] CachePair cache_pair(std::string_view op, const AnyTensor& k_cache,
                                   const AnyTensor& v_cache, const AnyTensor& places = {});

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
/// only the tokens are checked: the rest is checked at each replay (cache_use). So it is of a ring,
/// which has position p in slot p % capacity.
void require_capacity(std::string_view op, const CacheShape& cache,
                      const Scalar<std::uint32_t>& start, std::uint32_t tokens, bool ring = false);

/// What kernels take positions modulo. Of a cache that is no ring, and may become a longer one in a
/// program, it is above all of them.
[[nodiscard]] inline std::uint32_t ring_slots(const CacheShape& cache, bool ring) {
  return ring ? cache.capacity : std::numeric_limits<std::uint32_t>::max();
}

/// position_use() of the cache, or of a ring, which takes any.
[[nodiscard]] inline ParameterUse cache_use(std::size_t offset, const Scalar<std::uint32_t>& start,
                                            const AnyTensor& cache, std::uint64_t tokens,
                                            bool ring) {
  return ring ? parameter_use(offset, start) : position_use(offset, start, cache, tokens);
}

}  // namespace foundry::ops
