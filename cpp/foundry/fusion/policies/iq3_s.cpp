// IQ3_S: 256 weights as numbers of a codebook and signs, a scale for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq3_s_policy({.dtype = DType::iq3_s,
                                       .name = "IQ3_S",
                                       .file = "policies/iq3_s.metal",
                                       .wide = 8,
                                       .narrow = 8,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
