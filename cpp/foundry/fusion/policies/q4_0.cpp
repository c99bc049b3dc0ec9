// Q4_0: 32 four-bit codes and a scale.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q4_0_policy({.dtype = DType::q4_0,
                                      .name = "Q4_0",
                                      .file = "policies/q4_0.metal",
                                      .wide = 8,
                                      .narrow = 1,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
