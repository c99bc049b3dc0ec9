// Q5_1: 32 five-bit codes, a scale and a minimum.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q5_1_policy({.dtype = DType::q5_1,
                                      .name = "Q5_1",
                                      .file = "policies/q5_1.metal",
                                      .wide = 8,
                                      .narrow = 1,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
