#include "foundry/ops/kv_write.hpp"

#include <array>
#include <cstddef>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/kv_cache.hpp"

namespace foundry::ops {
namespace {

struct KvWriteRecipe {
  DType k;
  DType v;
  DType cache;

  KernelDescription describe() const {
    auto kernel = kernel_file("kv_write");
    kernel.arguments = {ArgumentDescription::buffer("k", Access::read, k),
                        ArgumentDescription::buffer("v", Access::read, v),
                        ArgumentDescription::buffer("k_cache", Access::write_some, cache),
                        ArgumentDescription::buffer("v_cache", Access::write_some, cache),
                        ArgumentDescription::value("params", struct_layout<KvWriteParams>())};
    kernel.arguments[2].strided = kernel.arguments[3].strided = true;
    kernel.includes = cache_includes(cache);
    kernel.aliases = {{"Cache", msl_type(cache)}};
    return kernel;
  }
};

}  // namespace

void KvWrite::encode(Encoder& encoder) const {
  const auto [k_shape, v_shape] = cache_pair("KvWrite", k_cache, v_cache);
  const auto [tokens, heads] = heads_shape("KvWrite", "k", k, k_shape.head_dim);
  require_float("KvWrite", "v", v);
  require_count("KvWrite", "k", k, std::uint64_t{tokens} * k_shape.kv_heads * k_shape.head_dim);
  require_count("KvWrite", "v", v, k.count());
  require_capacity("KvWrite", k_shape, start, tokens);
  const KvWriteParams params{heads,
                             k_shape.head_dim,
                             start.value(),
                             k_shape.position_stride,
                             k_shape.head_stride,
                             v_shape.position_stride,
                             v_shape.head_stride};
  const auto kernel =
      encoder.kernel(KvWriteRecipe{.k = k.dtype(), .v = v.dtype(), .cache = k_cache.dtype()});
  const std::array uses{position_use(offsetof(KvWriteParams, start), start, k_cache, tokens),
                        position_use(offsetof(KvWriteParams, start), start, v_cache, tokens)};
  encoder.dispatch(*kernel, {k, v, k_cache, v_cache, Argument::value(params, uses)},
                   covering(params.head_dim, heads, tokens));
}

Traffic KvWrite::traffic() const {
  const std::uint64_t cached = bytes_of_position(k_cache.dtype(), k.count() + v.count());
  return traffic_of({&k, &v}, {}) + Traffic{0, cached};
}

}  // namespace foundry::ops
