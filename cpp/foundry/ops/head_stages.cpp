#include "foundry/ops/head_stages.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kHeadNorm{StageKind::head_norm, "HeadNorm", "stages/head_norm.metal", "norm",
                              StageTensor::head,    true};
constexpr StageType kCacheWrite{StageKind::store,  "CacheWrite", "stages/cache_write.metal", "",
                                StageTensor::none, false};

}  // namespace

HeadNorm::operator Stage() const {
  return {&kHeadNorm, weight, epsilon};
}
CacheWrite::operator Stage() const {
  return {&kCacheWrite, {}, 0.0f};
}

}  // namespace foundry::ops
