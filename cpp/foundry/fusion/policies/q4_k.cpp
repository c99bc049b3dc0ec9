// Q4_K: 256 four-bit codes, a scale and a minimum for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q4_k_policy({DType::q4_k, "Q4_K", "policies/q4_k.metal", /*wide=*/8,
                                      /*narrow=*/8, /*has_integer_form=*/true});
}  // namespace
}  // namespace foundry
