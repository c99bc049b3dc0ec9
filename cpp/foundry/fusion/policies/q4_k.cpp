// Q4_K: 256 four-bit codes, a scale and a minimum for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q4_k_policy({.dtype = DType::q4_k,
                                      .name = "Q4_K",
                                      .file = "policies/q4_k.metal",
                                      .wide = 8,
                                      .narrow = 8,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
