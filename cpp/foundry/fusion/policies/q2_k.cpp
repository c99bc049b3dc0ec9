// Q2_K: 256 two-bit codes, a scale and a minimum for each 16.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q2_k_policy({.dtype = DType::q2_k,
                                      .name = "Q2_K",
                                      .file = "policies/q2_k.metal",
                                      .wide = 8,
                                      .narrow = 8,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
