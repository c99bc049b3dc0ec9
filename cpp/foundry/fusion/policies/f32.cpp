// F32: weights as float.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration f32_policy(
    {.dtype = DType::f32, .name = "F32", .file = "policies/f32.metal", .wide = 4, .narrow = 1});
}  // namespace
}  // namespace foundry
