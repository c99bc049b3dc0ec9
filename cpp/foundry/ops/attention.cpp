#include "foundry/ops/attention.hpp"

#include <algorithm>
#include <cmath>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kv_cache.hpp"

namespace foundry::ops {
namespace {

constexpr std::uint32_t kMaxHeadDim = 256;
constexpr std::uint32_t kDecodeSimdgroups = 8;
constexpr std::uint32_t kPrefillSimdgroups = 4;
constexpr std::uint32_t kMostDecodeTokens = 4;

KernelDescription describe(const Attention& op, std::uint32_t head_dim, bool decode) {
  KernelDescription kernel;
  kernel.name = decode ? "attention_decode" : "attention_prefill";
  kernel.arguments = {ArgumentDescription::buffer("q", Access::read, op.q.dtype()),
                      ArgumentDescription::buffer("k_cache", Access::read, op.k_cache.dtype()),
                      ArgumentDescription::buffer("v_cache", Access::read, op.v_cache.dtype()),
                      ArgumentDescription::buffer("y", Access::write, op.y.dtype()),
                      ArgumentDescription::value("params", struct_layout<AttentionParams>())};
  kernel.arguments[1].strided = kernel.arguments[2].strided = true;
  kernel.includes = {concat("stages/", kernel.name, ".metal")};
  const std::uint32_t simdgroups = decode ? kDecodeSimdgroups : kPrefillSimdgroups;
  const std::string memory = decode
                                 ? concat("AttentionDecodeMemory<", head_dim, ", ", simdgroups, ">")
                                 : concat("AttentionPrefillMemory<", head_dim, ">");
  kernel.source.text = concat(
      "kernel void ", kernel.name, "(FOUNDRY_ARGUMENTS) {\n  threadgroup ", memory, " memory;\n  ",
      decode ? "attend_decode" : "attend_prefill", "<", head_dim, ", ", simdgroups,
      ">(q, k_cache, v_cache, y, params, threadgroup_position_in_grid.x,\n"
      "      threadgroup_position_in_grid.y, memory, simdgroup_index_in_threadgroup,\n"
      "      thread_index_in_simdgroup);\n}");
  return kernel;
}

}  // namespace

void Attention::encode(Encoder& encoder) const {
  static const char family = 0;
  const auto [k_shape, v_shape] = cache_pair("Attention", k_cache, v_cache);
  const std::uint32_t head_dim = k_shape.head_dim;
  const std::uint32_t kv_heads = k_shape.kv_heads;
  const auto [tokens, heads] = heads_shape("Attention", "q", q, head_dim);
  require_float("Attention", "y", y);
  require_count("Attention", "y", y, q.count());
  require_capacity("Attention", k_shape, start, tokens);
  if (heads % kv_heads != 0) {
    throw ShapeError(
        concat("Attention: q has ", heads, " heads, not a multiple of the cache's ", kv_heads));
  }
  if (head_dim > kMaxHeadDim || head_dim % 2 != 0) {
    throw ShapeError(concat("Attention: heads of ", head_dim, " elements; even sizes up to ",
                            kMaxHeadDim, " are possible"));
  }
  const AttentionParams params{
      tokens,
      heads,
      kv_heads,
      start,
      window,
      scale != 0.0f ? scale : 1.0f / std::sqrt(static_cast<float>(head_dim)),
      k_shape.position_stride,
      k_shape.head_stride,
      v_shape.position_stride,
      v_shape.head_stride};
  const bool decode = form == AttentionForm::automatic ? tokens <= kMostDecodeTokens
                                                       : form == AttentionForm::decode;
  const auto kernel = encoder.kernel(KernelKey(&family, {word(q.dtype()), word(k_cache.dtype()),
                                                         word(y.dtype()), head_dim, decode}),
                                     [&] { return describe(*this, head_dim, decode); });
  const std::uint64_t rows = std::uint64_t{tokens} * (heads / kv_heads);
  const std::uint64_t block = kPrefillSimdgroups * kSimdWidth;
  const DispatchConfig config =
      decode ? threadgroups_of(kDecodeSimdgroups, heads, tokens)
             : threadgroups_of(kPrefillSimdgroups, kv_heads, (rows + block - 1) / block);
  encoder.dispatch(*kernel, {q, k_cache, v_cache, y, Argument::value(params)}, config);
}

Traffic Attention::traffic() const {
  const CachePair cache = cache_pair("Attention", k_cache, v_cache);
  const std::uint64_t tokens = heads_shape("Attention", "q", q, cache.k.head_dim).tokens;
  // Positions that any of the tokens attends to; of K and V alike.
  const std::uint64_t end = start + tokens;
  const std::uint64_t first = start + std::uint64_t{1};
  const std::uint64_t begin = window != 0 && first > window ? first - window : 0;
  const std::uint64_t position =
      std::uint64_t{cache.k.kv_heads} * cache.k.head_dim * info(k_cache.dtype()).block_bytes;
  return traffic_of({&q}, {&y}) + Traffic{2 * (end - begin) * position, 0};
}

Attention::operator MainStage() const {
  MainStage stage;
  stage.name = "Attention";
  stage.alone = "its result is mixed over positions, not one product per row";
  return stage;
}

}  // namespace foundry::ops
