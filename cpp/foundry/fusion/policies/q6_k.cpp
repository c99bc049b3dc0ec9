// Q6_K: 256 six-bit codes, a scale for each 16.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q6_k_policy({.dtype = DType::q6_k,
                                      .name = "Q6_K",
                                      .file = "policies/q6_k.metal",
                                      .wide = 8,
                                      .narrow = 8,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
