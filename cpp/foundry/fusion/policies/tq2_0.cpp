// TQ2_0: 256 codes of three values, and a scale.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration tq2_0_policy({.dtype = DType::tq2_0,
                                       .name = "TQ2_0",
                                       .file = "policies/tq2_0.metal",
                                       .wide = 8,
                                       .narrow = 8,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
