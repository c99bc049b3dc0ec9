// F16: weights as half.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration f16_policy({DType::f16, "F16", "policies/f16.metal", /*wide=*/4,
                                     /*narrow=*/1});
}  // namespace
}  // namespace foundry
