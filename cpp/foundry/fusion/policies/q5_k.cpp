// Q5_K: 256 five-bit codes, a scale and a minimum for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q5_k_policy({.dtype = DType::q5_k,
                                      .name = "Q5_K",
                                      .file = "policies/q5_k.metal",
                                      .wide = 8,
                                      .narrow = 8,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
