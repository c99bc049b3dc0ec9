// F32: weights as float.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration f32_policy({DType::f32, "F32", "policies/f32.metal", /*wide=*/4,
                                     /*narrow=*/1});
}  // namespace
}  // namespace foundry
