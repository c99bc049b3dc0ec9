// Q5_0: 32 five-bit codes and a scale.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q5_0_policy({.dtype = DType::q5_0,
                                      .name = "Q5_0",
                                      .file = "policies/q5_0.metal",
                                      .wide = 8,
                                      .narrow = 1,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
