// BF16: weights as bfloat.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration bf16_policy(
    {.dtype = DType::bf16, .name = "BF16", .file = "policies/bf16.metal", .wide = 4, .narrow = 1});
}  // namespace
}  // namespace foundry
