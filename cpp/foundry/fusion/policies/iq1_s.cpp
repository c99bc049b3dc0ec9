// IQ1_S: 256 weights as numbers of a codebook, a scale for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq1_s_policy({.dtype = DType::iq1_s,
                                       .name = "IQ1_S",
                                       .file = "policies/iq1_s.metal",
                                       .wide = 8,
                                       .narrow = 8,
                                       .has_integer_form = true});
}  // namespace
}  // namespace foundry
