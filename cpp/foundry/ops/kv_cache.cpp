#include "foundry/ops/kv_cache.hpp"

#include "foundry/ops/checks.hpp"

namespace foundry::ops {

namespace {

/// What keys and values are kept in; shaders/lib/cache_blocks.metal encodes the blocks.
void require_cache(std::string_view op, std::string_view what, const AnyTensor& tensor) {
  require_present(op, what, tensor);
  const DType dtype = tensor.dtype();
  if (dtype == DType::q8_0 || dtype == DType::q4_0) return;
  if (!info(dtype).is_float || is_block(dtype)) {
    throw DTypeError(
        concat(op, ": ", what, " takes f32, f16, bf16, q8_0 or q4_0, got ", tensor.describe()));
  }
}

}  // namespace

CacheShape cache_shape(std::string_view op, std::string_view what, const AnyTensor& cache,
                       const AnyTensor& places) {
  require_cache(op, what, cache);
  const std::size_t first = places ? 1 : 0;  // dimension of one sequence's
  if (cache.rank() != first + 3) {
    throw ShapeError(concat(op, ": ", what, " is ", to_string(cache.extents()), ", not (",
                            places ? "sequences, " : "", "capacity, kv_heads, head_dim)"));
  }
  const auto& extents = cache.extents();
  const auto& strides = cache.strides();
  if (strides[first + 2] != 1 && extents[first + 2] != 1) {
    throw ShapeError(concat(op, ": ", what, " must have its innermost dimension contiguous; ",
                            to_string(cache), " has stride ", strides[first + 2]));
  }
  const std::uint64_t block = info(cache.dtype()).block_elements;
  return {in_32_bits(op, "the cache's capacity", extents[first]),
          in_32_bits(op, "the cache's heads", extents[first + 1]),
          in_32_bits(op, "the cache's head size", extents[first + 2]),
          in_32_bits(op, "the cache's stride", strides[first] / block),
          in_32_bits(op, "the cache's stride", strides[first + 1] / block),
          places ? in_32_bits(op, "the cache's stride", strides[0] / block) : 0};
}

CachePair cache_pair(std::string_view op, const AnyTensor& k_cache, const AnyTensor& v_cache,
                     const AnyTensor& places) {
  const CachePair pair{cache_shape(op, "k_cache", k_cache, places),
                       cache_shape(op, "v_cache", v_cache, places)};
  require_one_cache(op, k_cache, v_cache, k_cache.rank());
  return pair;
}

void require_one_cache(std::string_view op, const AnyTensor& k_cache, const AnyTensor& v_cache,
                       std::size_t dimensions) {
  for (std::size_t i = 0; i < dimensions; ++i) {
    if (k_cache.extents()[i] == v_cache.extents()[i]) continue;
    throw ShapeError(concat(op, ": k_cache is ", to_string(k_cache.extents()), ", v_cache is ",
                            to_string(v_cache.extents())));
  }
  if (k_cache.dtype() != v_cache.dtype()) {
    throw DTypeError(concat(op, ": k_cache is ", name_of(k_cache.dtype()), ", v_cache is ",
                            name_of(v_cache.dtype())));
  }
}

HeadsShape heads_shape(std::string_view op, std::string_view what, const AnyTensor& tensor,
                       std::uint32_t head_dim) {
  require_float(op, what, tensor);
  const Extents& extents = tensor.extents();
  const std::uint64_t tokens = extents.rank() <= 1 ? 1 : extents[0];
  const std::uint64_t per_token = tensor.count() / tokens;
  const bool fits = extents.rank() >= 1 && extents.rank() <= 3 && per_token % head_dim == 0 &&
                    (extents.rank() < 3 || extents[2] == head_dim);
  if (!fits) {
    throw ShapeError(concat(op, ": ", what, " is ", to_string(extents), ", not (tokens, heads, ",
                            head_dim, ")"));
  }
  static_cast<void>(in_32_bits(op, "the number of elements", tensor.count()));
  return {static_cast<std::uint32_t>(tokens), static_cast<std::uint32_t>(per_token / head_dim)};
}

HeadStrides head_strides(std::string_view op, std::string_view what, const AnyTensor& tensor,
                         std::uint32_t head_dim) {
  const std::size_t rank = tensor.rank();
  const auto& strides = tensor.strides();
  if (strides[rank - 1] != 1 && tensor.extents().inner() != 1) {
    throw ShapeError(concat(op, ": ", what, " must have its innermost dimension contiguous; ",
                            to_string(tensor), " has stride ", strides[rank - 1]));
  }
  return {in_32_bits(op, "a stride", rank == 1 ? tensor.count() : strides[0]),
          in_32_bits(op, "a stride", rank == 3 ? strides[1] : head_dim)};
}

void require_capacity(std::string_view op, const CacheShape& cache,
                      const Scalar<std::uint32_t>& start, std::uint32_t tokens, bool ring) {
  if (ring) {
    if (tokens <= cache.capacity) return;
    throw ShapeError(concat(op, ": ", tokens, " tokens, the ring has ", cache.capacity, " slots"));
  }
  const std::uint64_t end = std::uint64_t{start.value()} + tokens;
  if (end > cache.capacity) {
    throw ShapeError(concat(op, ": positions ", start.value(), " to ", end - 1, ", the cache has ",
                            cache.capacity));
  }
}

}  // namespace foundry::ops
