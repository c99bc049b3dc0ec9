// Q4_1: 32 four-bit codes, a scale and a minimum.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q4_1_policy({.dtype = DType::q4_1,
                                      .name = "Q4_1",
                                      .file = "policies/q4_1.metal",
                                      .wide = 8,
                                      .narrow = 1,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
