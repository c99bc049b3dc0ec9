#include "foundry/ops/head_stages.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kHeadNorm{.kind = StageKind::head_norm,
                              .name = "HeadNorm",
                              .file = "stages/head_norm.metal",
                              .tensors = {StageOperand{"norm", StageTensor::head, true}},
                              .scalars = 1};
constexpr StageType kHeadLayerNorm{.kind = StageKind::head_norm,
                                   .name = "HeadLayerNorm",
                                   .file = "stages/head_layer_norm.metal",
                                   .tensors = {StageOperand{"norm", StageTensor::rows, true}},
                                   .scalars = 1};
constexpr StageType kCacheWrite{
    .kind = StageKind::store, .name = "CacheWrite", .file = "stages/cache_write.metal"};

}  // namespace

HeadNorm::operator Stage() const {
  return {.type = &kHeadNorm, .tensors = {weight}, .scalars = {epsilon}};
}
HeadLayerNorm::operator Stage() const {
  return {.type = &kHeadLayerNorm, .tensors = {weight}, .scalars = {epsilon}};
}
CacheWrite::operator Stage() const {
  return {.type = &kCacheWrite};
}

}  // namespace foundry::ops
