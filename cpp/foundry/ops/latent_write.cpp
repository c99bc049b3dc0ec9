#include "foundry/ops/latent_write.hpp"

#include <array>
#include <cstddef>

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/kv_cache.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/rope_settings.hpp"

namespace foundry::ops {
namespace {

struct LatentWriteRecipe {
  DType x;
  DType norm;
  DType y;
  DType cache;
  bool has_factors;
  bool has_places;

  KernelDescription describe() const {
    auto kernel = kernel_file("latent_write");
    kernel.arguments = {ArgumentDescription::buffer("q", Access::read, x),
                        ArgumentDescription::buffer("kv", Access::read, x),
                        ArgumentDescription::buffer("norm", Access::read, norm),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::buffer("cache", Access::write_some, cache),
                        factors_argument(has_factors),
                        places_argument(has_places),
                        ArgumentDescription::value("params", struct_layout<LatentWriteParams>())};
    kernel.arguments[3].strided = kernel.arguments[4].strided = true;
    kernel.aliases = {{"X", msl_type(x)}, {"Y", msl_type(y)}, {"Cache", msl_type(cache)}};
    return kernel;
  }
};

[[noreturn]] void fail(std::string_view what, const AnyTensor& tensor, const std::string& wanted) {
  throw ShapeError(
      concat("LatentWrite: ", what, " is ", to_string(tensor.extents()), ", not ", wanted));
}

}  // namespace

void LatentWrite::encode(Encoder& encoder) const {
  require_operands(*this);
  if (y.rank() != 3) fail("y", y, "(tokens, heads, dims)");
  if (y.strides()[2] != 1) {
    throw ShapeError(concat("LatentWrite: y must have its innermost dimension contiguous; ",
                            to_string(y), " has stride ", y.strides()[2]));
  }
  const std::uint64_t tokens = y.extents()[0];
  const std::uint64_t heads = y.extents()[1];
  const std::uint32_t dims =
      in_32_bits("LatentWrite", "the size of what is turned", y.extents()[2]);
  const CacheShape shape = cache_shape("LatentWrite", "cache", cache, places);
  if (shape.kv_heads != 1 || shape.head_dim <= dims) {
    fail("cache", cache,
         concat(places ? "(sequences, " : "(", "capacity, 1, latent + ", dims, ")"));
  }
  const std::uint32_t latent = shape.head_dim - dims;
  const std::uint64_t of_a_head = q.count() / (tokens * heads);
  if (of_a_head < dims || q.count() != tokens * heads * of_a_head) {
    fail("q", q, concat("(", tokens, ", ", heads, ", ", dims, " elements or more)"));
  }
  if (kv.dtype() != q.dtype()) {
    throw DTypeError(
        concat("LatentWrite: kv takes q's ", name_of(q.dtype()), ", got ", kv.describe()));
  }
  require_count("LatentWrite", "kv", kv, tokens * shape.head_dim);
  require_count("LatentWrite", "norm", norm, latent);
  static_cast<void>(in_32_bits("LatentWrite", "the number of q's elements", q.count()));
  if (places) {
    require_places("LatentWrite", places, tokens, start);
  } else {
    require_capacity("LatentWrite", shape, start, static_cast<std::uint32_t>(tokens));
  }
  if (settings.dims != 0 && settings.dims != dims) {
    throw ShapeError(concat("LatentWrite: dims is ", settings.dims, ", y has ", dims));
  }
  RopeSettings all = settings;
  all.dims = dims;
  static_cast<void>(checked_dims("LatentWrite", all, dims));
  const LatentWriteParams params{static_cast<std::uint32_t>(heads),
                                 static_cast<std::uint32_t>(of_a_head),
                                 latent,
                                 dims,
                                 start.value(),
                                 settings.interleaved ? 1u : 0u,
                                 std::log2(settings.base),
                                 settings.magnitude,
                                 norm_epsilon,
                                 in_32_bits("LatentWrite", "y's stride", y.strides()[0]),
                                 in_32_bits("LatentWrite", "y's stride", y.strides()[1]),
                                 shape.position_stride,
                                 shape.sequence_stride};
  const auto kernel =
      encoder.kernel(LatentWriteRecipe{.x = q.dtype(),
                                       .norm = norm.dtype(),
                                       .y = y.dtype(),
                                       .cache = cache.dtype(),
                                       .has_factors = static_cast<bool>(settings.factors),
                                       .has_places = static_cast<bool>(places)});
  std::array<ParameterUse, 1> uses{};
  if (!places) uses = {position_use(offsetof(LatentWriteParams, start), start, cache, tokens)};
  encoder.dispatch(*kernel,
                   {q, kv, norm, y, cache, settings.factors, places, Argument::value(params, uses)},
                   threadgroups_of(1, heads + 1, tokens));
}

Traffic LatentWrite::traffic() const {
  const std::uint64_t cached = kv.count() * info(cache.dtype()).block_bytes;
  const std::uint64_t turned = y.count() * info(q.dtype()).block_bytes;
  return traffic_of({&kv, &norm, &settings.factors, &places}, {&y}) + Traffic{turned, cached};
}

}  // namespace foundry::ops
