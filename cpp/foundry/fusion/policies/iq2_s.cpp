// IQ2_S: 256 weights as numbers of a codebook and signs, a scale for each 16.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq2_s_policy({.dtype = DType::iq2_s,
                                       .name = "IQ2_S",
                                       .file = "policies/iq2_s.metal",
                                       .wide = 8,
                                       .narrow = 8,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
