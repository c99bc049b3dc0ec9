// TQ1_0: 256 codes of three values, five in a byte, and a scale.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration tq1_0_policy({.dtype = DType::tq1_0,
                                       .name = "TQ1_0",
                                       .file = "policies/tq1_0.metal",
                                       .wide = 8,
                                       .narrow = 8,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
