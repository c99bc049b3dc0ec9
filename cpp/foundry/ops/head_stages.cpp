#include "foundry/ops/head_stages.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kHeadNorm{.kind = StageKind::head_norm,
                              .name = "HeadNorm",
                              .file = "stages/head_norm.metal",
                              .argument = "norm",
                              .tensor = StageTensor::head,
                              .has_scalar = true};
constexpr StageType kCacheWrite{
    .kind = StageKind::store, .name = "CacheWrite", .file = "stages/cache_write.metal"};

}  // namespace

HeadNorm::operator Stage() const {
  return {.type = &kHeadNorm, .tensor = weight, .scalar = epsilon};
}
CacheWrite::operator Stage() const {
  return {.type = &kCacheWrite};
}

}  // namespace foundry::ops
