// Q5_K: 256 five-bit codes, a scale and a minimum for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q5_k_policy({DType::q5_k, "Q5_K", "policies/q5_k.metal", /*wide=*/8,
                                      /*narrow=*/8, /*has_integer_form=*/true});
}  // namespace
}  // namespace foundry
