#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/kv_cache.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/rope_settings.hpp"

namespace foundry::ops {
namespace {

struct RopeKvWriteRecipe {
  DType x;
  DType cache;
  std::uint32_t head_dim;
  bool has_factors;
  bool has_places;

  KernelDescription describe() const {
    auto kernel = kernel_file("rope_kv_write");
    kernel.arguments = {ArgumentDescription::buffer("q", Access::read_write, x),
                        ArgumentDescription::buffer("k", Access::read, x),
                        ArgumentDescription::buffer("v", Access::read, x),
                        ArgumentDescription::buffer("k_cache", Access::write_some, cache),
                        ArgumentDescription::buffer("v_cache", Access::write_some, cache),
                        factors_argument(has_factors),
                        places_argument(has_places),
                        ArgumentDescription::value("params", struct_layout<RopeKvWriteParams>())};
    for (const std::size_t i : {0, 3, 4}) kernel.arguments[i].strided = true;
    kernel.includes = cache_includes(cache);
    kernel.aliases = {{"X", msl_type(x)}, {"Cache", msl_type(cache)}};
    return kernel;
  }
};

constexpr std::uint32_t kSimdgroupsOfRow = 8;

/// With norms, or blocks: a threadgroup takes what a norm or a block needs all at once.
struct NormRopeKvWriteRecipe {
  RopeKvWriteRecipe plain;
  std::optional<DType> query_norm;
  std::optional<DType> key_norm;
  QkNorm norm;
  bool after_rope;
  bool norm_values;

  KernelDescription describe() const {
    auto kernel = plain.describe();
    kernel.name = "norm_rope_kv_write";
    kernel.source = kernel_file("norm_rope_kv_write").source;
    const auto weight = [](const char* name, std::optional<DType> dtype) {
      return ArgumentDescription::optional_buffer(name, Access::read, dtype.value_or(DType::f32),
                                                  dtype.has_value());
    };
    kernel.arguments.insert(kernel.arguments.end() - 1,
                            {weight("query_norm", query_norm), weight("key_norm", key_norm)});
    kernel.aliases.push_back({"QueryNorm", msl_type(query_norm.value_or(DType::f32))});
    kernel.aliases.push_back({"KeyNorm", msl_type(key_norm.value_or(DType::f32))});
    const std::uint32_t heads_at_once = norm == QkNorm::row ? kSimdgroupsOfRow : 1;
    const std::uint32_t floats = is_block(plain.cache) ? heads_at_once * plain.head_dim : 1;
    kernel.aliases.push_back({"Memory", concat("CacheMemory<", floats, ">")});
    kernel.constants = {{"of_rows", norm == QkNorm::row},
                        {"centred", norm == QkNorm::head_layer},
                        {"after_rope", after_rope},
                        {"norm_values", norm_values}};
    return kernel;
  }
};

bool has_norms(const QkNormSettings& norms) {
  return norms.query_norm || norms.key_norm || norms.norm_values;
}

void check_norms(const QkNormSettings& norms, std::uint32_t heads, std::uint32_t kv_heads,
                 std::uint32_t head_dim) {
  const auto check = [&](const char* what, const AnyTensor& weight, std::uint32_t own) {
    if (!weight) return;
    require_float("RopeKvWrite", what, weight);
    require_count("RopeKvWrite", what, weight,
                  norms.norm == QkNorm::head ? head_dim : std::uint64_t{own} * head_dim);
  };
  check("query_norm", norms.query_norm, heads);
  check("key_norm", norms.key_norm, kv_heads);
  if (norms.norm_values && norms.norm == QkNorm::row) {
    throw ArgumentError("RopeKvWrite: norm_values goes with norms of heads, norm is 'row'");
  }
}

/// A GPU shares a whole row out over a threadgroup; Anvil's CPU runs one on one thread.
DispatchConfig norm_config(const Device& device, const QkNormSettings& norms, std::uint32_t heads,
                           std::uint32_t kv_heads, std::uint32_t tokens) {
  if (norms.norm != QkNorm::row) return threadgroups_of(1, heads + 2 * kv_heads, tokens);
  return threadgroups_of(device.traits().has_gpu_lanes() ? kSimdgroupsOfRow : 1, 3, tokens);
}

}  // namespace

void RopeKvWrite::encode(Encoder& encoder) const {
  const auto [k_shape, v_shape] = cache_pair("RopeKvWrite", k_cache, v_cache, places);
  const std::uint32_t head_dim = k_shape.head_dim;
  const auto [tokens, heads] = heads_shape("RopeKvWrite", "q", q, head_dim);
  const HeadStrides q_strides = head_strides("RopeKvWrite", "q", q, head_dim);
  const std::uint64_t elements = std::uint64_t{tokens} * k_shape.kv_heads * head_dim;
  require_count("RopeKvWrite", "k", k, elements);
  require_count("RopeKvWrite", "v", v, elements);
  if (places) {
    require_places("RopeKvWrite", places, tokens, start);
  } else {
    require_capacity("RopeKvWrite", k_shape, start, tokens, ring);
  }
  const std::uint32_t dims = checked_dims("RopeKvWrite", settings, head_dim);
  const RopeKvWriteParams params{heads,
                                 k_shape.kv_heads,
                                 head_dim,
                                 dims,
                                 start.value(),
                                 settings.interleaved ? 1u : 0u,
                                 std::log2(settings.base),
                                 settings.magnitude,
                                 q_strides.token,
                                 q_strides.head,
                                 k_shape.position_stride,
                                 k_shape.head_stride,
                                 v_shape.position_stride,
                                 v_shape.head_stride,
                                 norms.norm_epsilon,
                                 ring_slots(k_shape, ring),
                                 k_shape.sequence_stride,
                                 v_shape.sequence_stride};
  check_norms(norms, heads, k_shape.kv_heads, head_dim);
  const bool in_blocks = is_block(k_cache.dtype());
  const RopeKvWriteRecipe plain{.x = q.dtype(),
                                .cache = k_cache.dtype(),
                                .head_dim = in_blocks ? head_dim : 0,
                                .has_factors = static_cast<bool>(settings.factors),
                                .has_places = static_cast<bool>(places)};
  constexpr std::size_t at = offsetof(RopeKvWriteParams, start);
  std::array<ParameterUse, 2> uses{};
  if (!places) {
    uses = {cache_use(at, start, k_cache, tokens, ring),
            cache_use(at, start, v_cache, tokens, ring)};
  }
  if (has_norms(norms) || in_blocks) {
    const auto kernel =
        encoder.kernel(NormRopeKvWriteRecipe{.plain = plain,
                                             .query_norm = dtype_if_any(norms.query_norm),
                                             .key_norm = dtype_if_any(norms.key_norm),
                                             .norm = norms.norm,
                                             .after_rope = norms.norm_after_rope,
                                             .norm_values = norms.norm_values});
    encoder.dispatch(*kernel,
                     {q, k, v, k_cache, v_cache, settings.factors, places, norms.query_norm,
                      norms.key_norm, Argument::value(params, uses)},
                     norm_config(encoder.device(), norms, heads, k_shape.kv_heads, tokens));
    return;
  }
  const auto kernel = encoder.kernel(plain);
  encoder.dispatch(
      *kernel, {q, k, v, k_cache, v_cache, settings.factors, places, Argument::value(params, uses)},
      covering(head_dim / 2, heads + 2 * k_shape.kv_heads, tokens));
}

Traffic RopeKvWrite::traffic() const {
  const Traffic read = traffic_of(
      {&q, &k, &v, &settings.factors, &norms.query_norm, &norms.key_norm, &places}, {&q});
  const std::uint64_t cached = bytes_of_position(k_cache.dtype(), k.count() + v.count());
  return read + Traffic{0, cached};
}

}  // namespace foundry::ops
