// Q3_K: 256 three-bit codes, a scale for each 16.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q3_k_policy({.dtype = DType::q3_k,
                                      .name = "Q3_K",
                                      .file = "policies/q3_k.metal",
                                      .wide = 8,
                                      .narrow = 8,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
