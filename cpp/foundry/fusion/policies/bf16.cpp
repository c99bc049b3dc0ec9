// BF16: weights as bfloat.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration bf16_policy({DType::bf16, "BF16", "policies/bf16.metal", /*wide=*/4,
                                      /*narrow=*/1});
}  // namespace
}  // namespace foundry
