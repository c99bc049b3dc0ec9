// Q8_0: 32 bytes and a scale.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration q8_0_policy({.dtype = DType::q8_0,
                                      .name = "Q8_0",
                                      .file = "policies/q8_0.metal",
                                      .wide = 8,
                                      .narrow = 1,
                                      .has_integer_form = true});
}  // namespace
}  // namespace foundry
