// F16: weights as half.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration f16_policy(
    {.dtype = DType::f16, .name = "F16", .file = "policies/f16.metal", .wide = 4, .narrow = 1});
}  // namespace
}  // namespace foundry
